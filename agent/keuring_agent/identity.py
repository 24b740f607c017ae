"""Who this machine is to its collector: key, certificate, whom to trust and where to report.

All of it is one file, so that it is replaced whole or not at all. Nothing here needs the cryptography library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import state
from keuring_agent.errors import IdentityError

if TYPE_CHECKING:
    from pathlib import Path

# Where machines enrolled that keep no address for it (of before 0.1.0): at the collector's usual port for it.
ENROLMENT_PORT: Final = 7444
# A certificate is renewed when this much of its life is over.
RENEW_AFTER: Final = 2 / 3


class Identity(NamedTuple):
    """What enrolment gave. Keys and certificates are PEM; times are seconds since 1970."""

    endpoint_id: str
    private_key: str
    certificate_chain: str
    trust_roots: str
    report_addresses: tuple[str, ...]
    not_before: float
    not_after: float
    enrolment_addresses: tuple[str, ...] = ()

    def is_due(self, now: float) -> bool:
        """Whether the certificate should be renewed."""
        return now >= self.not_before + RENEW_AFTER * (self.not_after - self.not_before)

    def has_expired(self, now: float) -> bool:
        """Whether the collector would refuse it."""
        return now >= self.not_after

    def to_enrol_at(self) -> tuple[str, ...]:
        """Where another certificate can be had when this one has expired."""
        hosts = (address.rpartition(":")[0] for address in self.report_addresses)
        return self.enrolment_addresses or tuple(f"{host}:{ENROLMENT_PORT}" for host in hosts)


def load(directory: Path) -> Identity:
    """The identity in the state directory. Raises IdentityError when there is none."""
    path = directory / state.IDENTITY
    stored = state.read(path)
    if stored is None:
        raise IdentityError(
            f"{directory}: this machine is not enrolled; run `keuring-agent enroll --token TOKEN` with a token that "
            "`keuring-collector token` printed"
        )
    try:
        texts = [stored[name] for name in Identity._fields[:4]]
        addresses = stored["report_addresses"]
        times = (float(stored["not_before"]), float(stored["not_after"]))
        enrolment = stored.get("enrolment_addresses", ())
        if not all(isinstance(text, str) for text in (*texts, *addresses, *enrolment)):
            raise TypeError("not a text")
    except (KeyError, TypeError, ValueError) as error:
        raise IdentityError(f"{path}: the identity is damaged ({error}); enrol again with --force") from error
    return Identity(texts[0], texts[1], texts[2], texts[3], tuple(addresses), *times, tuple(enrolment))


def store(directory: Path, identity: Identity) -> None:
    """Keeps the identity, durably, for nobody else to read."""
    state.write(directory / state.IDENTITY, identity._asdict())
