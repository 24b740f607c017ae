"""Where incidents come from: what a connector offers, and which connectors there are.

A connector is a folder beside this file with a module ``incidents`` that has a class ``Source``; nothing else names it.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import requests

from keuring_collector.connectors import web
from keuring_collector.errors import KeuringError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_collector.config import Settings

PAGE: Final = 100  # incidents at once
MOST_BYTES: Final = 8 * 1024 * 1024  # of one answer
PAUSE: Final = 300.0  # seconds, when the other side asks for a pause and does not say how long


class SourceError(KeuringError):
    """The other system cannot be read; the message says why and how to mend it."""


class TryLaterError(SourceError):
    """It asks to be left alone for ``seconds``."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Found:
    """One incident of the other system, without a word that anybody wrote. Texts may be empty; ``at``: when it was
    reported; ``changed``: when it changed last; ``machine``: the name or serial number that it says.
    """

    number: str
    at: dt.datetime
    changed: dt.datetime
    category: str
    machine: str
    mail: str  # of whoever reported it; looked up, never kept


@dataclass(frozen=True, slots=True)
class Page:
    """Some incidents, those that changed first first; ``more``: whether others follow."""

    found: Sequence[Found]
    more: bool


class Reads(Protocol):
    """What each connector's ``Source`` offers."""

    def __init__(self, web: Web, settings: Settings) -> None:
        """A connector that asks by ``web``."""

    def page(self, since: dt.datetime, start: int) -> Page:
        """At most PAGE that changed at ``since`` or later, but for the first ``start``. Raises SourceError."""


class Web:
    """Asks the other system, within bounds, for JSON."""

    def __init__(self, session: requests.Session, base: str) -> None:
        self.session = session
        self._base = base.rstrip("/")

    def get(self, path: str, asked: Mapping[str, str]) -> Any:
        """What stands at ``path``; None when the answer is that there is nothing (204). Raises SourceError."""
        timeout = (web.CONNECT_SECONDS, web.ANSWER_SECONDS)
        try:
            with self.session.get(
                self._base + path, params=asked, timeout=timeout, allow_redirects=False, stream=True
            ) as answer:
                return _content(answer)
        except (requests.RequestException, OSError) as error:
            raise SourceError(f"{self._base}: {web.reason(error)}") from error


def _content(answer: requests.Response) -> Any:
    where = answer.url.partition("?")[0]
    if answer.status_code in (401, 403):
        raise SourceError(f"{where}: refused ({answer.status_code}); look at 'incidents_login' and 'incidents_secret'")
    if answer.status_code == 429 or (answer.status_code == 503 and web.retry_after(answer)):
        seconds = web.retry_after(answer) or PAUSE
        raise TryLaterError(f"{where}: asks us to wait {seconds:g} seconds ({answer.status_code})", seconds)
    if answer.is_redirect:
        raise SourceError(f"{where}: sends on to another address, which is not followed; look at 'incidents_url'")
    if answer.status_code == 404:
        raise SourceError(f"{where}: there is nothing (404); look at 'incidents_url'")
    if not answer.ok:
        raise SourceError(f"{where}: answers {answer.status_code}")
    if answer.status_code == 204:
        return None
    body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    if len(body) > MOST_BYTES:
        raise SourceError(f"{where}: the answer is larger than {MOST_BYTES // 2**20} MiB")
    try:
        return json.loads(body)
    except ValueError as error:
        raise SourceError(f"{where}: the answer is no JSON; is 'incidents_url' the address of its API?") from error


def names() -> list[str]:
    """The connectors that there are."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/incidents.py"))


def open_source(settings: Settings, session: requests.Session) -> Reads:
    """The connector that the settings name. Raises SourceError when there is no such one."""
    if settings.incidents_from not in names():
        raise SourceError(
            f"setting 'incidents_from' is {settings.incidents_from!r}; there are: {', '.join(names())}"
        )  # fmt: skip
    module = import_module(f"{__package__}.{settings.incidents_from}.incidents")
    made: Reads = module.Source(Web(session, settings.incidents_url), settings)
    return made


def text_at(found: Any, path: str) -> str:
    """The text at a dotted path in what JSON said; empty when there is none."""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return " ".join(str(found).split()) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def moment_at(found: Any, path: str) -> dt.datetime:
    """The moment at a dotted path. Raises SourceError."""
    text = text_at(found, path)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise SourceError(f"an incident has {text!r} where its {path} should be; is this the API we know?") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
