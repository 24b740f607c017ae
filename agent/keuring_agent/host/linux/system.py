"""Start, restart and shutdown, from /proc, wtmp and systemd."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, Shutdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_UTMP: Final = 384  # size of a record of wtmp, the same on all common architectures
_TAIL: Final = 2000 * _UTMP
_RUN_LEVEL, _BOOT = 1, 2
_HOOKS: Final = ("usr/share/update-notifier/notify-reboot-required", "etc/kernel/postinst.d/unattended-upgrades")


def boot_id(tree: Tree) -> str:
    """The kernel's own name for this run."""
    return tree.text("proc/sys/kernel/random/boot_id")


def uptime(tree: Tree) -> float:
    """/proc/uptime; goes on while the machine sleeps."""
    return float(tree.text("proc/uptime").split()[0])


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, name) of each record of wtmp that is about the system; who signed in is passed over."""
    for start in range(0, len(data) - _UTMP + 1, _UTMP):
        (kind,) = struct.unpack_from("=h", data, start)
        if kind in (_RUN_LEVEL, _BOOT):
            yield kind, data[start + 44 : start + 76].rstrip(b"\0")


def last_shutdown(tree: Tree, booted: float) -> Shutdown:
    """Whether wtmp has a shutdown just before the last boot, and whether a panic was kept."""
    try:
        data = tree.data("var/log/wtmp")
    except NotMeasurable:
        data = b""
    data = data[len(data) % _UTMP :][-_TAIL:]
    clean: bool | None = None
    down = False
    boots = 0
    for kind, name in _records(data):
        if kind == _BOOT:
            clean, down = (down if boots else None), False
            boots += 1
        elif name == b"shutdown":
            down = True
    return Shutdown(clean, _panicked(tree, booted))


def _panicked(tree: Tree, booted: float) -> bool:
    if any(name.startswith("dmesg-") for name in tree.names("sys/fs/pstore")):
        return True
    kept = "var/lib/systemd/pstore"
    for name in tree.names(kept):
        try:
            if os.stat(tree.path(f"{kept}/{name}")).st_mtime >= booted:  # noqa: PTH116  # see tree.py
                return True
        except OSError:
            continue
    return False


def reboot_pending(tree: Tree, booted: float) -> bool:
    """Debian's mark, or a kernel that was installed after the start."""
    if tree.exists("run/reboot-required"):
        return True
    kernels = [name for name in tree.names("boot") if name.startswith("vmlinuz-")]
    hooked = any(tree.exists(hook) for hook in _HOOKS)
    if not kernels and not hooked:
        raise NotMeasurable("this system keeps no mark of updates that wait for a restart")
    for name in kernels:
        try:
            if os.stat(tree.path(f"boot/{name}")).st_mtime > booted:  # noqa: PTH116  # see tree.py
                return True
        except OSError:
            continue
    return False


def boot_duration(tree: Tree, run: Run, timeout: float) -> float | None:
    """systemd's stamps: from power-on (where the firmware tells) until everything was started."""
    if not tree.is_own or not tree.exists("run/systemd/system"):
        raise NotMeasurable("systemd does not run here, and nothing else tells how long the start took")
    wanted = "FirmwareTimestampMonotonic,FinishTimestampMonotonic"
    result = run(["systemctl", "show", f"--property={wanted}"], timeout)
    stamps = dict(
        line.split("=", 1) for line in result.output.decode("ascii", "replace").splitlines() if line.count("=") == 1
    )
    try:
        firmware = int(stamps["FirmwareTimestampMonotonic"])
        finish = int(stamps["FinishTimestampMonotonic"])
    except (KeyError, ValueError):
        raise NotMeasurable("systemd does not tell how long the start took") from None
    return (firmware + finish) / 1e6 if finish else None


def suspend_failures(tree: Tree) -> int:
    """The kernel's own count since the start."""
    found = tree.number("sys/power/suspend_stats/fail")
    if found is None:
        raise NotMeasurable("this kernel does not count failures to go to sleep, or the machine cannot sleep")
    return found


def failed_services(tree: Tree, run: Run, timeout: float) -> int:
    """systemd's list of them, counted."""
    if not tree.is_own or not tree.exists("run/systemd/system"):
        raise NotMeasurable("systemd does not run here, and nothing else tells which services run")
    options = ("--state=failed", "--type=service", "--no-legend", "--plain", "--no-pager")
    result = run(["systemctl", "list-units", *options], timeout)
    if result.status:
        raise NotMeasurable(f"systemd does not answer; systemctl ended with status {result.status}")
    return sum(".service " in line for line in result.output.decode("utf-8", "replace").splitlines())
