"""BitLocker, which device encryption is too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import Encryption, NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.values import Row

NAMESPACE: Final = r"root\cimv2\Security\MicrosoftVolumeEncryption"
KIND: Final = "Win32_EncryptableVolume"
FIELDS: Final = ("DriveLetter", "ProtectionStatus", "ConversionStatus", "VolumeType")
_PROTECTED, _LOCKED = 1, 2
_WHOLLY: Final = 1
_REMOVABLE: Final = 2


def encryption(rows: Iterable[Row]) -> list[Encryption]:
    """Of volumes with a letter, without sticks. With its key in the clear (suspended) a volume is not encrypted."""
    found = []
    for row in rows:
        letter, protection = values.text(row, "DriveLetter"), values.whole(row, "ProtectionStatus")
        if letter is None or protection is None or values.whole(row, "VolumeType") == _REMOVABLE:
            continue
        conversion = values.whole(row, "ConversionStatus")  # older versions do not tell
        wholly = protection == _LOCKED or conversion in (None, _WHOLLY)
        found.append(Encryption(f"{letter}\\", protection in (_PROTECTED, _LOCKED) and wholly))
    if not found:
        raise NotMeasurable("this edition of Windows does not tell whether volumes are encrypted")
    return found
