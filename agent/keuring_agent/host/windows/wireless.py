"""Wi-Fi: strength and repeats, from Windows' WLAN service. No name of a network and no address is asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, WifiLink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring_agent.host.windows.api import Wlan

_FAINTEST, _STRONGEST = -120, 0
_RADIOS: Final = 216  # where WLAN_STATISTICS says how many radios follow
_RADIO: Final = struct.Struct("<18Q")  # WLAN_PHY_FRAME_STATISTICS
_SENT, _RETRIED, _RETRIED_OFTEN = 0, 3, 4
_MOST: Final = 16


def frames(statistics: bytes) -> tuple[int, int] | None:
    """(sent, of those sent again) over all radios; None where the driver does not count."""
    if len(statistics) < _RADIOS + 8:
        return None
    (count,) = struct.unpack_from("<I", statistics, _RADIOS)
    sent = retried = 0
    for index in range(min(count, _MOST)):
        start = _RADIOS + 8 + index * _RADIO.size
        if start + _RADIO.size > len(statistics):
            break
        radio = _RADIO.unpack_from(statistics, start)
        sent += radio[_SENT]
        retried += radio[_RETRIED] + radio[_RETRIED_OFTEN]
    return (sent, retried) if sent else None


def links(found: Iterable[Wlan], names: Mapping[str, str]) -> list[WifiLink]:
    """One for each interface; ``names`` by GUID, as colleagues see them."""
    listed = []
    for index, one in enumerate(found):
        name = names.get(one.guid) or ("Wi-Fi" if not index else f"Wi-Fi {index + 1}")
        if not one.connected:
            listed.append(WifiLink(name, None, None, None))
            continue
        signal = float(one.rssi) if one.rssi is not None and _FAINTEST < one.rssi < _STRONGEST else None
        sent, retried = frames(one.statistics) or (None, None)
        listed.append(WifiLink(name, signal, sent, retried))
    if not listed:
        raise NotMeasurable("this machine has no Wi-Fi")
    return listed
