"""Certificates of the machine itself: those in the system's keychain that it holds the key of.

Only dates come out, neither names nor keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host import x509
from keuring_agent.host.readings import Certificate, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_KEYCHAIN: Final = "/Library/Keychains/System.keychain"
_IDENTITY: Final = re.compile(r'^ *\d+\) ([0-9A-F]{40}) "([^"\n]*)"', re.MULTILINE)
# macOS makes these for itself, and nobody is locked out when they expire.
_OWN: Final = ("com.apple.systemdefault", "com.apple.kerberos.kdc")
_HASH: Final = "SHA-1 hash: "
_HASH_LENGTH: Final = 40
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_USE: Final = "machine"
_NONE: Final = "the system's keychain holds no certificate of the machine itself"


def certificates(run: Run, timeout: float) -> list[Certificate]:
    """Asks for identities, and then for their certificates."""
    identities = run(["security", "find-identity", "-p", "basic", _KEYCHAIN], timeout)
    wanted = of_identities(identities.output.decode("utf-8", "replace"))
    if not wanted:
        raise NotMeasurable(_NONE)
    result = run(["security", "find-certificate", "-a", "-Z", "-p", _KEYCHAIN], timeout)
    found = of_keychain(result.output.decode("ascii", "replace"), wanted)
    if not found:
        raise NotMeasurable(_NONE)
    return found


def of_identities(output: str) -> list[str]:
    """Hashes of the certificates whose key is there, each once; expired ones are among them."""
    found = (match for match in _IDENTITY.finditer(output) if not match[2].startswith(_OWN))
    return list(dict.fromkeys(match[1] for match in found))


def of_keychain(output: str, wanted: list[str]) -> list[Certificate]:
    """When each of them expires, the first to do so first; a second one gets a number."""
    dates = []
    for block in output.split(_HASH)[1:]:
        if block[:_HASH_LENGTH] in wanted and _BEGIN in block:
            body = block.partition(_BEGIN)[2].partition(_END)[0]
            try:
                dates.append(x509.expires(f"{_BEGIN}{body}{_END}".encode()))
            except NotMeasurable:
                continue
    names = (_USE if number == 1 else f"{_USE} ({number})" for number in range(1, len(dates) + 1))
    return [Certificate(name, date) for name, date in zip(names, sorted(dates), strict=True)]
