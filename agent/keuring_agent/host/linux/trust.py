"""What guards the machine from below: signed starts, the chip that keeps keys, and faults of the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_EFI: Final = "sys/firmware/efi"
_SECURE_BOOT: Final = f"{_EFI}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_TPM: Final = "sys/class/tpm/tpm0"
_FAULTS: Final = "sys/devices/system/cpu/vulnerabilities"
# "KVM: Vulnerable" is of guests alone, and warded off where there are none.
_OPEN: Final = ("Vulnerable", "Processor vulnerable")
_VARIABLE: Final = 5  # bytes: four of attributes, one of value


def secure_boot(tree: Tree) -> bool:
    """The firmware's own variable."""
    if not tree.exists(_EFI):
        raise NotMeasurable("this machine was not started by UEFI, which is what checks signatures")
    data = tree.data(_SECURE_BOOT, "the firmware does not tell whether it checks signatures")
    if len(data) != _VARIABLE:
        raise NotMeasurable("the firmware does not tell whether it checks signatures")
    return data[-1] == 1


def tpm(tree: Tree) -> str:
    """Either "2.0" or "1.2"; older kernels tell only that there is one of version 1.2, by what it can."""
    if not tree.exists(_TPM):
        raise NotMeasurable("this machine has no TPM, or it is switched off in the firmware")
    version = tree.number(f"{_TPM}/tpm_version_major")
    if version is None and tree.exists(f"{_TPM}/device/caps"):
        version = 1
    if version not in (1, 2):
        raise NotMeasurable("the TPM does not tell its version")
    return "2.0" if version == 2 else "1.2"


def vulnerabilities(tree: Tree) -> int:
    """The kernel's own judgement of each fault it knows."""
    names = tree.names(_FAULTS)
    if not names:
        raise NotMeasurable("this kernel does not tell which faults of the processor it wards off")
    return sum((tree.optional(f"{_FAULTS}/{name}") or "").startswith(_OPEN) for name in names)
