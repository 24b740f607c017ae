"""Firewall, protection against malware, and FileVault, as macOS's own programs tell them without root."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import profile, updates
from keuring_agent.host.readings import Encryption, MalwareProtection, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item
    from keuring_agent.host.tree import Tree

_SOCKET_FILTER: Final = "/usr/libexec/ApplicationFirewall/socketfilterfw"
_STATE: Final = re.compile(r"\(State = (\d)\)")
_OPEN: Final = ("spfirewall_globalstate_allow_all", "spfirewall_globalstate_off", "Allow all incoming connections")
# Where the lists of malware are: since macOS 15, and before.
_BUNDLES: Final = (
    "private/var/protected/xprotect/XProtect.bundle",
    "Library/Apple/System/Library/CoreServices/XProtect.bundle",
    "System/Library/CoreServices/XProtect.bundle",
)
_LISTS: Final = "Contents/Resources/XProtect.yara"


def firewall(run: Run, quick: float, slow: float) -> bool:
    """The application firewall's own word, or system_profiler's."""
    try:
        return of_state(run([_SOCKET_FILTER, "--getglobalstate"], quick).output.decode("utf-8", "replace"))
    except NotMeasurable:
        return of_profile(profile.ask(run, slow, "SPFirewallDataType"))


def of_state(output: str) -> bool:
    """0 is off; 1 lets some in, 2 lets none in."""
    found = _STATE.search(output)
    if found is None:
        raise NotMeasurable("the firewall of macOS does not tell its state")
    return found[1] != "0"


def of_profile(sections: Sequence[Item]) -> bool:
    """The same of SPFirewallDataType."""
    modes = (item.first("spfirewall_globalstate", "Mode") for item in profile.walk(sections) if _is_firewall(item))
    mode = next((mode for mode in modes if mode), None)
    if mode is None:
        raise NotMeasurable("the firewall of macOS does not tell its state")
    return mode not in _OPEN


def _is_firewall(item: Item) -> bool:
    return item.name == "Firewall Settings" or "spfirewall_globalstate" in item.fields


def malware(tree: Tree, run: Run, timeout: float) -> MalwareProtection:
    """XProtect looks at what Gatekeeper has it look at, so it is on where that is."""
    enabled = gatekeeper(run(["spctl", "--status"], timeout).output.decode("utf-8", "replace"))
    made = [time for time in (_changed(tree, bundle) for bundle in _BUNDLES) if time is not None]
    installed = updates.protection_updated(tree)
    return MalwareProtection(enabled, max([*made, *([installed] if installed is not None else [])], default=None))


def gatekeeper(output: str) -> bool:
    """What spctl says."""
    for words, enabled in (("assessments enabled", True), ("assessments disabled", False)):
        if words in output:
            return enabled
    raise NotMeasurable("macOS does not tell whether it looks at programs before they run")


def _changed(tree: Tree, bundle: str) -> float | None:
    try:
        return os.stat(tree.path(f"{bundle}/{_LISTS}")).st_mtime  # noqa: PTH116  # see tree.py
    except OSError:
        return None


def encryption(run: Run, timeout: float) -> list[Encryption]:
    """FileVault. Without it a Mac's disk opens to whoever has the Mac, also where its chip encrypts."""
    return [Encryption("/", of_filevault(run(["fdesetup", "status"], timeout).output.decode("utf-8", "replace")))]


def of_filevault(output: str) -> bool:
    """Whether all is encrypted: not while that is still going on."""
    if "FileVault is Off" in output or "Encryption in progress" in output:
        return False
    if "FileVault is On" in output:
        return "Decryption in progress" not in output
    raise NotMeasurable("FileVault does not tell its state")
