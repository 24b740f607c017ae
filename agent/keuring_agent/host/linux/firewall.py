"""Whether anything refuses connections from outside: firewalld, ufw, or the kernel's own rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import units
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_NFT: Final = ("nft", "--stateless", "--terse", "list", "ruleset")
_POLICY: Final = re.compile(r"type filter hook input .*policy drop")
_ROOT: Final = "the rules of the firewall are told to root only; run the agent as root to read them"


def enabled(tree: Tree, run: Run, timeout: float) -> bool:
    """True for a service that is on, or for rules that refuse by default what comes in."""
    if not tree.is_own:
        raise NotMeasurable("the rules of the firewall are told by the running kernel only")
    return _served(tree, run, timeout) or _ruled(tree, run, timeout)


def _served(tree: Tree, run: Run, timeout: float) -> bool:
    try:
        found = units.ask(tree, run, timeout, ["ActiveState"], ["firewalld.service", "ufw.service"])
    except NotMeasurable:
        return False
    active = {unit["Id"] for unit in found if unit.get("ActiveState") == "active"}
    settings = (tree.optional("etc/ufw/ufw.conf") or "").lower().splitlines()
    return "firewalld.service" in active or ("ufw.service" in active and "enabled=yes" in settings)


def _ruled(tree: Tree, run: Run, timeout: float) -> bool:
    """Asks only for what the kernel has loaded: the programs would load the rest."""
    older = tree.exists("proc/net/ip_tables_names") and "filter" in tree.text("proc/net/ip_tables_names").split()
    if older:
        result = run(["iptables-legacy", "-S"], timeout)
        if result.status:
            raise NotMeasurable(_ROOT)
        if refuses_older(result.output.decode("utf-8", "replace")):
            return True
    if not tree.exists("sys/module/nf_tables") and not _built_in(tree):
        return False
    result = run(_NFT, timeout)
    if result.status:
        raise NotMeasurable(_ROOT)
    return refuses(result.output.decode("utf-8", "replace"))


def _built_in(tree: Tree) -> bool:
    release = tree.text("proc/sys/kernel/osrelease")
    listed = tree.optional(f"lib/modules/{release}/modules.builtin")
    if listed is None:
        raise NotMeasurable("it cannot be told whether this kernel has rules of a firewall")
    return "/nf_tables.ko" in listed


def _reachable(rules: dict[str, list[str]], begin: list[str], jumps: re.Pattern[str]) -> Iterator[str]:
    """Rules of the chains in ``begin`` and of those that they lead to."""
    seen = set(begin)
    waiting = list(begin)
    while waiting:
        for rule in rules.get(waiting.pop(), ()):
            yield rule
            following = jumps.search(rule)
            if following and following[1] not in seen:
                seen.add(following[1])
                waiting.append(following[1])


def refuses(ruleset: str) -> bool:
    """nft's list: a policy to drop what comes in, or a rule without conditions that does."""
    table: dict[str, list[str]] = {}
    begin: list[str] = []
    chain = ""
    for line in (*(line.strip() for line in ruleset.splitlines()), "table end {"):
        if line.startswith("table "):
            jumps = re.compile(r"\b(?:jump|goto) (\S+)")
            if any(re.match(r"(?:counter )?(?:drop|reject)\b", rule) for rule in _reachable(table, begin, jumps)):
                return True
            table, begin = {}, []
        elif line.startswith("chain "):
            chain = line.split()[1]
            table[chain] = []
        elif _POLICY.match(line):
            return True
        elif line.startswith("type filter hook input "):
            begin.append(chain)
        elif line not in ("", "}") and chain in table:
            table[chain].append(line)
    return False


def refuses_older(listing: str) -> bool:
    """The same of `iptables -S`."""
    rules: dict[str, list[str]] = {}
    for line in listing.splitlines():
        if re.match(r"-P INPUT (?:DROP|REJECT)", line):
            return True
        words = line.split(maxsplit=2)
        if len(words) == 3 and words[0] == "-A":
            rules.setdefault(words[1], []).append(words[2])
    found = _reachable(rules, ["INPUT"], re.compile(r"-[jg] (\S+)"))
    return any(re.match(r"-j (?:DROP|REJECT)\b", rule) for rule in found)
