"""Programs that did not respond and were ended for it, as systemd noted them: when and which, nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux.crashes import OTHER, known
from keuring_agent.host.linux.journal import entries
from keuring_agent.host.readings import Crash, Crashes, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

# systemd's own name for "unit has failed": by its watchdog, or because it did not stop when it was asked to.
_FAILED: Final = "MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c"
_RESULTS: Final = ("watchdog", "timeout")
_JOURNAL: Final = ("journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=UNIT,USER_UNIT")
# "app-gnome-firefox-1234.scope", "app-org.kde.dolphin@1.service", "org.gnome.Shell@wayland.service"
_WRAPPING: Final = re.compile(r"^app-(?:gnome-|flatpak-)?|(?:-\d+|@[^.]*)?\.(?:service|scope)$")
_NAMES: Final = {
    "org.gnome.shell": "GNOME Shell",
    "org.gnome.nautilus": "GNOME Files",
    "plasma-plasmashell": "KDE Plasma",
    "org.mozilla.firefox": "Mozilla Firefox",
    "org.mozilla.thunderbird": "Mozilla Thunderbird",
    "org.libreoffice.libreoffice": "LibreOffice",
    "cups": "CUPS",
    "networkmanager": "NetworkManager",
}


def hangs(tree: Tree, run: Run, timeout: float, position: str, now: float) -> Crashes:
    """What hung after ``position`` (a time) until ``now``; of "" nothing, as nobody watched before."""
    if not tree.is_own or not tree.exists("run/systemd/system"):
        raise NotMeasurable("systemd does not run here, and nothing else notes programs that hang")
    try:
        since = float(position)
    except ValueError:
        return Crashes(repr(now), [])
    results = [f"UNIT_RESULT={name}" for name in _RESULTS]
    result = run([*_JOURNAL, f"--since=@{since:.0f}", _FAILED, *results], timeout)
    if result.status:
        raise NotMeasurable("the journal may not be read by the account that the agent runs under")
    return Crashes(repr(now), [one for one in journal(result.output) if since < one.time <= now])


def journal(output: bytes) -> list[Crash]:
    """The units that hung, of those that journalctl lists."""
    found = []
    for time, entry in entries(output):
        unit = entry.get("UNIT") or entry.get("USER_UNIT")
        found.append(Crash(time, program(unit if isinstance(unit, str) else "")))
    return found


def program(unit: str) -> str:
    """The maker's name of one of the programs that are known here; "other" for all else."""
    name = _WRAPPING.sub("", unit)
    return _NAMES.get(name.lower()) or known(name) or OTHER
