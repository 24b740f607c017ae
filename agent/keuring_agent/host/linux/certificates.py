"""Certificates by which the machine itself gets onto Wi-Fi, a cable or a VPN, found through those who use them.

Only the use and the date come out: neither the names of networks, nor of files, nor of who is in the certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host import x509
from keuring_agent.host.readings import Certificate, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

_MANAGER: Final = ("etc/NetworkManager/system-connections", "run/NetworkManager/system-connections")
_SUPPLICANT: Final = "etc/wpa_supplicant"
_OPENVPN: Final = ("etc/openvpn", "etc/openvpn/client")
_USES: Final = {"wifi": "wifi", "802-11-wireless": "wifi", "ethernet": "wired", "802-3-ethernet": "wired", "vpn": "vpn"}
_KEYS: Final = frozenset({("802-1x", "client-cert"), ("vpn", "cert"), ("vpn", "usercert"), ("vpn", "certificate")})


def certificates(tree: Tree) -> list[Certificate]:
    """Each once, in the order of the files that name them; a second one of a use gets a number."""
    found: list[Certificate] = []
    seen: set[str | bytes] = set()
    unread = 0
    for use, where in _named(tree):
        if where in seen or (isinstance(where, str) and "\0" in where):
            continue
        seen.add(where)
        try:
            expires = x509.expires(where if isinstance(where, bytes) else tree.data(where))
        except NotMeasurable:
            unread += 1
            continue
        number = sum(one.use.partition(" ")[0] == use for one in found) + 1
        found.append(Certificate(use if number == 1 else f"{use} ({number})", expires))
    if not found:
        reason = "no certificate of the machine for Wi-Fi, cable or VPN is set up where it can be read"
        raise NotMeasurable(f"{reason}; {unread} could not be read" if unread else reason)
    return found


def _named(tree: Tree) -> Iterator[tuple[str, str | bytes]]:
    """(use, path or contents) of each certificate that a connection names."""
    for directory in _MANAGER:
        for name in tree.names(directory):
            yield from _manager(tree.optional(f"{directory}/{name}") or "")
    for name in tree.names(_SUPPLICANT):
        for line in (tree.optional(f"{_SUPPLICANT}/{name}") or "").splitlines():
            key, _, value = line.strip().partition("=")
            if key == "client_cert":
                yield "wifi", value.strip('"')
    for directory in _OPENVPN:
        for name in tree.names(directory):
            if name.endswith((".conf", ".ovpn")):
                yield from _openvpn(directory, tree.optional(f"{directory}/{name}") or "")


def _manager(keyfile: str) -> Iterator[tuple[str, str]]:
    """NetworkManager's keyfile: the kind of connection, and the file of its certificate."""
    section, use = "", ""
    named = []
    for line in map(str.strip, keyfile.splitlines()):
        key, _, value = line.partition("=")
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif (section, key) == ("connection", "type"):
            use = _USES.get(value, "")
        elif (section, key) in _KEYS:
            named.append(value.removeprefix("file://"))
    for path in named if use else ():
        yield use, path


def _openvpn(directory: str, settings: str) -> Iterator[tuple[str, str | bytes]]:
    if "<cert>" in settings:
        yield "vpn", settings.partition("<cert>")[2].partition("</cert>")[0].encode()
    for line in settings.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "cert":
            path = words[1].strip('"')
            yield "vpn", path if path.startswith("/") else f"{directory}/{path}"
