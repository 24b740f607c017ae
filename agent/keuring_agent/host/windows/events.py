"""Events of Windows' logs: their XML, and reading on from where one stopped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree import ElementTree as ET

from keuring_agent.host.windows.api import MOST_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from keuring_agent.host.windows.api import System

_PREFIX: Final = "record:"
_SKEW: Final = 120.0  # seconds; the time of the start is known no better while the clock is being set


class Event(NamedTuple):
    """Who said what when (seconds since 1970): what it said by name, and in order."""

    provider: str
    id: int
    record: int
    time: float
    named: dict[str, str]
    listed: list[str]


def parse(text: str) -> Event | None:
    """One event; None for what is none, or has no name, number and time."""
    if "<!" in text:  # Windows writes no DTD; what it would expand is nobody's business
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314  # see above
        system = root.find("{*}System")
        if system is None:
            return None
        provider, time = system.find("{*}Provider"), system.find("{*}TimeCreated")
        if provider is None or time is None:
            return None
        record = system.findtext("{*}EventRecordID") or "0"
        at = _time(time.get("SystemTime", ""))
        data = root.findall("{*}EventData/{*}Data")
        return Event(
            provider.get("Name", ""),
            int(system.findtext("{*}EventID") or ""),
            int(record),
            at,
            {name: element.text or "" for element in data if (name := element.get("Name"))},
            [element.text or "" for element in data],
        )
    except (ET.ParseError, ValueError, OverflowError):
        return None


def _time(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def query(wanted: Mapping[str, Sequence[int]], since: float | None = None) -> str:
    """XPath for events by provider and number, from ``since`` on (seconds since 1970)."""
    clauses = []
    for provider, numbers in wanted.items():
        any_number = " or ".join(f"EventID={number}" for number in numbers)
        clauses.append(f"(Provider[@Name='{provider}'] and ({any_number}))")
    condition = " or ".join(clauses)
    if since is None:
        return f"*[System[{condition}]]"
    begin = datetime.fromtimestamp(max(0.0, since), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return f"*[System[({condition}) and TimeCreated[@SystemTime>='{begin}']]]"


def parsed(texts: Iterable[str]) -> list[Event]:
    """Those that can be read."""
    return [event for event in map(parse, texts) if event is not None]


def _read(system: System, channel: str, query: str, after: int) -> tuple[list[Event], bool]:
    """(events, whether there are more)."""
    texts = system.events(channel, query, after)
    return [event for event in parsed(texts) if event.record > after], len(texts) >= MOST_EVENTS


def since_boot(system: System, channel: str, wanted: Mapping[str, Sequence[int]], booted: float) -> list[Event]:
    """All of them since the start of the system."""
    return _read(system, channel, query(wanted, booted - _SKEW), 0)[0]


def go_on(
    system: System, channel: str, wanted: Mapping[str, Sequence[int]], position: str, booted: float | None
) -> tuple[str, list[Event]]:
    """(where to go on the next time, events after ``position``); of no position those since ``booted``, or none.

    A log that was cleared begins anew, and is read from its beginning.
    """
    newest = system.newest(channel)
    known = position.removeprefix(_PREFIX)
    found: list[Event] = []
    more = False
    if not position.startswith(_PREFIX) or not known.isdecimal():
        if booted is not None:
            found, more = _read(system, channel, query(wanted, booted - _SKEW), 0)
    elif (after := int(known)) != newest:
        found, more = _read(system, channel, query(wanted), after if after < newest else 0)
    records = [event.record for event in found]
    return f"{_PREFIX}{records[-1] if more and records else max([newest, *records])}", found


class Tally:
    """Adds up events since the start of the system, reading each once."""

    def __init__(
        self,
        system: System,
        channel: str,
        wanted: Mapping[str, Sequence[int]],
        key: Callable[[Event], int | str] = lambda event: event.id,
        weight: Callable[[Event], float] = lambda _event: 1,
    ) -> None:
        self._system, self._channel, self._wanted = system, channel, wanted
        self._key, self._weight = key, weight
        self._position = ""
        self._sums: dict[int | str, float] = {}

    def total(self, booted: float) -> Mapping[int | str, float]:
        """By ``key`` (the number of the event), each event with its ``weight`` (1)."""
        self._position, found = go_on(self._system, self._channel, self._wanted, self._position, booted)
        for event in found:
            key = self._key(event)
            self._sums[key] = self._sums.get(key, 0) + self._weight(event)
        return self._sums
