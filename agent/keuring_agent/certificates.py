"""The next certificate of a machine that has one: the request that is kept until it is answered, and the answer.

Imported only when it is time for one, since it loads the cryptography library.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from keuring_agent import credentials, identity, state
from keuring_agent.errors import EnrolmentError, StateError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.identity import Identity


def kept_request(path: Path, purpose: str) -> credentials.Request:
    """A key and its request; the same again for the same ``purpose``, so that an answer lost on the way costs nothing.

    Raises StateError.
    """
    digest = hashlib.sha256(purpose.encode()).hexdigest()
    try:
        kept = state.read(path) or {}
    except StateError:
        kept = {}
    if kept.get("for") == digest and isinstance(kept.get("key"), str) and isinstance(kept.get("request"), str):
        return credentials.Request(kept["key"], bytes.fromhex(kept["request"]))
    request = credentials.new_request()
    state.write(path, {"for": digest, "key": request.private_key, "request": request.signing_request.hex()})
    return request


def successor_request(directory: Path, who: Identity) -> credentials.Request:
    """The request for what comes after the certificate of ``who``; renewal and recovery ask with the same one."""
    return kept_request(directory / state.RENEWAL, who.certificate_chain)


def succeed(directory: Path, who: Identity, request: credentials.Request, chain: bytes, roots: bytes) -> Identity:
    """Checks the answer to ``request`` and keeps it as this machine's identity. Raises EnrolmentError, StateError."""
    granted = credentials.check(chain, roots, request.private_key, who.endpoint_id, None)
    try:
        renewed = who._replace(
            private_key=request.private_key,
            certificate_chain=chain.decode("ascii"),
            trust_roots=roots.decode("ascii"),
            not_before=granted.not_before,
            not_after=granted.not_after,
        )
    except UnicodeDecodeError as error:
        raise EnrolmentError("the collector's answer cannot be read") from error
    identity.store(directory, renewed)
    state.remove(directory / state.RENEWAL)
    return renewed
