"""What a colleague pastes to enrol: address (or several), root certificate and one-use token in one line."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final, NamedTuple

from keuring_agent.errors import TokenError

PREFIX: Final = "keuring1."
_ASK: Final = "copy the whole line that `keuring-collector token` printed"


class Token(NamedTuple):
    """``root`` is the DER certificate that alone is trusted; ``secret`` is what the collector knows."""

    addresses: tuple[str, ...]
    root: bytes
    secret: str


def parse(text: str) -> Token:
    """Reads a token. Raises TokenError."""
    text = "".join(text.split())  # mail programs break long lines
    if not text.startswith(PREFIX):
        raise TokenError(f"the token does not begin with '{PREFIX}'; {_ASK}")
    body = text.removeprefix(PREFIX)
    try:
        content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        where = content["a"]
        addresses = tuple(where) if isinstance(where, list) else (where,)
        token = Token(addresses, base64.b64decode(content["c"], validate=True), content["t"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise TokenError(f"the token is incomplete or was changed on the way; {_ASK}") from error
    if not token.addresses or not all(isinstance(address, str) for address in token.addresses):
        raise TokenError(f"the token names no address; {_ASK}")
    if not isinstance(token.secret, str) or not token.root:
        raise TokenError(f"the token is incomplete or was changed on the way; {_ASK}")
    return token
