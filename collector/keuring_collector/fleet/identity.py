"""Who is calling: from the certificate of a connection to an endpoint, and whether its reports are still taken.

The whole view is in memory, because it is asked for on every message: which UUID is which endpoint, and which
endpoints are refused. Somebody calls ``refresh`` every few seconds; nothing here reads a clock or a database itself.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509
from django.db import DatabaseError, close_old_connections, connections

from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_URN: Final = b"urn:uuid:"
_ACCEPTED_TLS: Final = b"TLSv1.3"
MARGIN: Final = 1000
LOOKUP_SECONDS: Final = 5.0


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Refused(Exception):  # noqa: N818  (said of the caller, not of us)
    """A caller is not let in. ``reason`` is a stable word (a label of the metrics), the message is for a person."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class View:
    """What changed since ``after``: new endpoints as (id, UUID), and all the endpoints that are refused now."""

    known: Iterable[tuple[int, uuid.UUID]] = ()
    refused: frozenset[int] = field(default_factory=frozenset)


def load_view(after: int) -> View:
    """The endpoints with an id above ``after``, and everybody who is refused, from the database."""
    close_old_connections()
    known = list(Endpoint.objects.filter(id__gt=after).order_by("id").values_list("id", "uuid"))
    refused = Endpoint.objects.exclude(state=Endpoint.State.ACTIVE).values_list("id", flat=True)
    return View(known, frozenset(refused))


class Identities:
    """The endpoints that may report. Safe to use from several threads, and on an asyncio loop."""

    def __init__(self, load: Callable[[int], View] = load_view, now: Callable[[], dt.datetime] = _utc_now) -> None:
        self._load = load
        self._now = now
        self._ids: dict[bytes, int] = {}
        self._refused: frozenset[int] = frozenset()
        self._newest = 0
        self._lock = threading.Lock()
        # Django refuses to work on an asyncio loop, and whoever asks may be on one.
        self._elsewhere = ThreadPoolExecutor(1, thread_name_prefix="identities")

    def refresh(self) -> None:
        """Looks at the database; what cannot be read raises DatabaseError, and leaves the view as it was."""
        with self._lock:
            # Ids are given out before their rows are visible to all; a margin sees those that came late.
            view = self._load(max(0, self._newest - MARGIN))
            for number, identity in view.known:
                self._ids[identity.bytes] = number
                self._newest = max(self._newest, number)
            self._refused = view.refused

    def close(self) -> None:
        """Ends the thread that looks things up, with its connection to the database."""
        self._elsewhere.submit(connections.close_all)
        self._elsewhere.shutdown()

    def is_active(self, endpoint: int) -> bool:
        """Whether reports of the endpoint are taken."""
        return endpoint not in self._refused

    def endpoint_of(self, auth_context: Mapping[str, Iterable[bytes]]) -> int:
        """The endpoint that a connection belongs to, by its certificate alone. Raises Refused."""
        identity = uuid_of(auth_context, self._now())
        number = self._ids.get(identity.bytes)
        if number is None:
            # Seldom: it has a certificate of ours, so it enrolled with another collector a moment ago.
            try:
                self._elsewhere.submit(self.refresh).result(LOOKUP_SECONDS)
            except (DatabaseError, TimeoutError) as error:
                raise Refused(
                    "storage", "the collector cannot look you up now; keep your reports, try later"
                ) from error
            number = self._ids.get(identity.bytes)
        if number is None:
            raise Refused("no_identity", f"endpoint {identity} is not known here; enrol the machine again")
        if number in self._refused:
            raise Refused("revoked", f"endpoint {identity} was revoked; enrol the machine again with a new token")
        return number


def uuid_of(auth_context: Mapping[str, Iterable[bytes]], now: dt.datetime) -> uuid.UUID:
    """The UUID in the certificate of a connection, which must be TLS 1.3 and still valid. Raises Refused."""
    check_version(auth_context)
    names = [name for name in auth_context.get("x509_subject_alternative_name", ()) if name.startswith(_URN)]
    if len(names) != 1:
        raise Refused("no_identity", "the certificate names no endpoint; enrol the machine again")
    try:
        identity = uuid.UUID(names[0].removeprefix(_URN).decode("ascii"))
    except ValueError as error:
        raise Refused("no_identity", "the certificate names no endpoint; enrol the machine again") from error
    for pem in auth_context.get("x509_pem_cert", ()):
        if x509.load_pem_x509_certificate(pem).not_valid_after_utc <= now:
            raise Refused("expired", "the certificate has expired; renew it, or enrol the machine again")
    return identity


def check_version(auth_context: Mapping[str, Iterable[bytes]]) -> None:
    """Refuses a connection that negotiated an older TLS than 1.3; grpc has no setting for it."""
    version = next(iter(auth_context.get("ssl_tls_version", ())), _ACCEPTED_TLS)
    if version != _ACCEPTED_TLS:
        raise Refused("tls_version", f"the connection speaks {version.decode()}; Keuring asks for TLS 1.3")
