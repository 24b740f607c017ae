"""Memory and swap, from /proc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_agent.host.readings import Memory, MemoryErrors, NotMeasurable, Swap

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree


def _number(data: bytes, name: bytes) -> int | None:
    """The number after ``name`` at the start of a line; the hundreds of other lines are not even split."""
    start = data.find(b"\n" + name)
    if start < 0:
        return None
    return int(data[start + 1 + len(name) : start + 65 + len(name)].split(None, 1)[0])


def _bytes(data: bytes, name: bytes) -> int | None:
    """The same, of a line of /proc/meminfo, which counts in KiB."""
    found = _number(data, name)
    return None if found is None else found * 1024


def memory(tree: Tree) -> Memory:
    """/proc/meminfo."""
    data = b"\n" + tree.data("proc/meminfo")
    total, available = _bytes(data, b"MemTotal:"), _bytes(data, b"MemAvailable:")
    if total is None:
        raise NotMeasurable("/proc/meminfo does not tell the size of the memory")
    if available is None:  # Linux before 3.14
        available = sum(_bytes(data, name) or 0 for name in (b"MemFree:", b"Buffers:", b"Cached:"))
    return Memory(total, available, _bytes(data, b"Committed_AS:"), _bytes(data, b"CommitLimit:"))


def swap(tree: Tree) -> Swap:
    """/proc/meminfo and, where there is swap, the page counts of /proc/vmstat."""
    data = b"\n" + tree.data("proc/meminfo")
    total, free = _bytes(data, b"SwapTotal:") or 0, _bytes(data, b"SwapFree:") or 0
    if not total:
        return Swap(0, 0, None, None)
    counts = b"\n" + tree.data("proc/vmstat")
    return Swap(total, total - free, _number(counts, b"pswpin "), _number(counts, b"pswpout "))


def oom_kills(tree: Tree) -> int:
    """The kernel's own count."""
    found = _number(b"\n" + tree.data("proc/vmstat"), b"oom_kill ")
    if found is None:
        raise NotMeasurable("this kernel does not count programs that it ends; it does from Linux 4.13 on")
    return found


def errors(tree: Tree) -> MemoryErrors:
    """EDAC's counts, over all memory controllers."""
    base = "sys/devices/system/edac/mc"
    controllers = [name for name in tree.names(base) if name.startswith("mc") and name[2:].isdigit()]
    if not controllers:
        raise NotMeasurable("no memory controller reports errors here (no EDAC driver, or memory without ECC)")
    return MemoryErrors(
        sum(tree.number(f"{base}/{name}/ce_count") or 0 for name in controllers),
        sum(tree.number(f"{base}/{name}/ue_count") or 0 for name in controllers),
    )
