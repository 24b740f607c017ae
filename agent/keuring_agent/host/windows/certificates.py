"""Certificates by which the machine itself signs in somewhere (802.1X, VPN, the organisation's management).

Only the use and the date come out. Names in a certificate are compared, never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host import x509
from keuring_agent.host.readings import Certificate, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLIENT: Final = bytes.fromhex("06082b06010505070302")  # DER of the use "signs in as a client"
# Made by Windows itself for a day at a time, and made anew by it.
_DAILY: Final = b"MS-Organization-P2P-Access"
USE: Final = "machine"


def certificates(found: Iterable[bytes]) -> list[Certificate]:
    """Those for signing in; of one that was renewed under the same names only the last."""
    latest: dict[bytes, float] = {}
    for data in found:
        if _CLIENT not in data or _DAILY in data:
            continue
        try:
            names, expires = x509.names(data), x509.expires(data)
        except NotMeasurable:
            continue
        latest[names] = max(expires, latest.get(names, expires))
    if not latest:
        raise NotMeasurable("the machine has no certificate of its own to sign in with")
    dates = sorted(latest.values())
    return [Certificate(USE if not index else f"{USE} ({index + 1})", date) for index, date in enumerate(dates)]
