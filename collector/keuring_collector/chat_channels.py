"""Chat channels as the settings name them: `NAME=LANGUAGE ADDRESS`, the address as apprise writes it.

The address holds a secret (whoever has it can post), so no message of an error repeats it.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

LONGEST_NAME: Final = 40
FORM: Final = "write NAME=LANGUAGE ADDRESS, as in Everybody=nl mmosts://chat.example.org/SECRET"
# What apprise calls them; all of these speak HTTPS.
SECURE: Final = (
    "gchat", "jsons", "matrixs", "mmosts", "nctalks", "ntfys", "rockets", "slack", "webex", "workflows", "zulip",
)  # fmt: skip
# The same without TLS: within one machine only.
PLAIN: Final = ("json", "matrix", "mmost", "nctalk", "ntfy", "rocket")
# Of an address's options: what would switch off a promise, or bring in another address.
_REFUSED: Final = ("verify", "redirect", "retry", "cto", "rto", "avatar_url", "image", "template", "attach")


@dataclass(frozen=True, slots=True)
class ChatChannel:
    """One channel: its name, the language of those who read it, and its secret address."""

    name: str
    language: str
    address: str = field(repr=False)

    @property
    def service(self) -> str:
        """What may be shown of the address: the kind of service and, where there is one, its host."""
        parts = urlsplit(self.address)
        # Of services that have but one host, apprise puts a secret where others have theirs.
        has_host = parts.scheme.removesuffix("s") in PLAIN and parts.scheme != "ntfys"
        return f"{parts.scheme}://{parts.hostname}/…" if has_host and parts.hostname else f"{parts.scheme}://…"


@lru_cache(maxsize=8)
def parse(lines: tuple[str, ...]) -> tuple[ChatChannel, ...]:
    """The channels of a setting. Raises ValueError, which names the channel and never its address."""
    found: dict[str, ChatChannel] = {}
    for number, line in enumerate(lines, start=1):
        channel = _channel(line, f"channel {number}")
        if channel.name.casefold() in found:
            raise ValueError(f"two chat channels are called {channel.name!r}: give each a name of its own")
        found[channel.name.casefold()] = channel
    return tuple(found.values())


def _channel(line: str, which: str) -> ChatChannel:
    matched = re.fullmatch(r"\s*([^=]+?)\s*=\s*(\S+)\s+(\S+)\s*", line)
    if matched is None:
        raise ValueError(f"{which}: {FORM}")
    name, language, address = matched.groups()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"{which}: a name is at most {LONGEST_NAME} characters; {FORM}")
    if language not in ("nl", "en"):
        raise ValueError(f"{name!r}: its language is nl or en; {FORM}")
    _check(name, address)
    return ChatChannel(name, language, address)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(name: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError as error:
        raise ValueError(f"{name!r}: its address cannot be read; {FORM}") from error
    if parts.scheme not in (*SECURE, *PLAIN):
        raise ValueError(f"{name!r}: its address begins with one of {', '.join(f'{each}://' for each in SECURE)}")
    if parts.scheme in PLAIN and not is_loopback(host):
        raise ValueError(f"{name!r}: {parts.scheme}:// is without TLS, which is for this very machine only")
    asked = parse_qs(parts.query, keep_blank_values=True)
    for option in _REFUSED:
        if option in asked:
            raise ValueError(f"{name!r}: leave the option {option!r} out of its address; Keuring decides that")
