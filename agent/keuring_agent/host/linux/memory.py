"""Memory and swap, from /proc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_agent.host.readings import Memory, MemoryErrors, NotMeasurable, Swap

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree


def _meminfo(tree: Tree) -> dict[bytes, int]:
    found = {}
    for line in tree.data("proc/meminfo").splitlines():
        name, _, rest = line.partition(b":")
        value = rest.split()
        if value:
            found[name] = int(value[0]) * (1024 if len(value) > 1 else 1)
    return found


def _vmstat(tree: Tree) -> dict[bytes, int]:
    pairs = (line.split() for line in tree.data("proc/vmstat").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}  # a name and a number


def memory(tree: Tree) -> Memory:
    """/proc/meminfo."""
    info = _meminfo(tree)
    if b"MemTotal" not in info:
        raise NotMeasurable("/proc/meminfo does not tell the size of the memory")
    available = info.get(b"MemAvailable")
    if available is None:  # Linux before 3.14
        available = info.get(b"MemFree", 0) + info.get(b"Buffers", 0) + info.get(b"Cached", 0)
    return Memory(info[b"MemTotal"], available, info.get(b"Committed_AS"), info.get(b"CommitLimit"))


def swap(tree: Tree) -> Swap:
    """/proc/meminfo and the page counts of /proc/vmstat."""
    info = _meminfo(tree)
    total = info.get(b"SwapTotal", 0)
    counts = _vmstat(tree)
    return Swap(total, total - info.get(b"SwapFree", 0), counts.get(b"pswpin"), counts.get(b"pswpout"))


def oom_kills(tree: Tree) -> int:
    """The kernel's own count."""
    found = _vmstat(tree).get(b"oom_kill")
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
