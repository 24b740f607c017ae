"""Dates and amounts as people say them, in the reader's language. No clock: the moment of reading comes in."""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.formats import get_format
from django.utils.translation import get_language, gettext, ngettext, pgettext

from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Signal, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY: Final = 86400
SOON_DAYS: Final = 7  # nearer than this, a date is said as a distance


def local(moment: datetime) -> datetime:
    """A moment on the desk's clock. Nobody has another time zone, so which one it is need not be asked each time."""
    return moment.astimezone(timezone.get_default_timezone())


def local_day(moment: datetime | date) -> date:
    """The day of a moment in the desk's time zone."""
    return local(moment).date() if isinstance(moment, datetime) else moment


def day(moment: datetime | date, now: datetime) -> str:
    """ "14 december", with the year only when it is not this one."""
    when = local_day(moment)
    return _day(when, language(), with_year=when.year != local_day(now).year)


@lru_cache(maxsize=4096)  # charts and lists tell the same days again and again
def _day(when: date, _language: str | None, *, with_year: bool) -> str:
    return date_format(when, "j F Y" if with_year else "j F")


def full_day(when: date) -> str:
    """ "14 december 2026", for what is read long after."""
    return date_format(when, "j F Y")


def clock(moment: datetime, now: datetime) -> str:
    """ "14 december, 09:30"."""
    return f"{day(moment, now)}, {local(moment):%H:%M}"


def ends(moment: datetime | None, now: datetime) -> str:
    """ "ends on 14 December", and once that day is over "ended on 14 December"."""
    if moment is None:
        return gettext("ends on an unknown date")
    template = gettext("ended on %(day)s") if is_over(moment, now) else gettext("ends on %(day)s")
    return template % {"day": day(moment, now)}


def expires(moment: datetime | None, now: datetime) -> str:
    """ "expires on 14 December", and once that day is over "expired on 14 December"."""
    if moment is None:
        return gettext("expires on an unknown date")
    template = gettext("expired on %(day)s") if is_over(moment, now) else gettext("expires on %(day)s")
    return template % {"day": day(moment, now)}


def is_over(moment: datetime | date, now: datetime) -> bool:
    """Whether the day of a moment is over, by the desk's calendar."""
    return local_day(moment) < local_day(now)


def distance(moment: datetime | date, now: datetime) -> str:
    """How far away a day is, in whole days, weeks, months or years: "over 3 weken", "2 days ago"."""
    return _distance((local_day(moment) - local_day(now)).days, language())


@lru_cache(maxsize=4096)
def _distance(days: int, _language: str | None) -> str:
    if days == 0:
        return pgettext("when", "today")
    if days == 1:
        return pgettext("when", "tomorrow")
    if days == -1:
        return pgettext("when", "yesterday")
    span = _span(abs(days))
    return pgettext("when", "in %(span)s") % {"span": span} if days > 0 else gettext("%(span)s ago") % {"span": span}


def _span(days: int) -> str:
    if days > 700:
        count = round(days / 365)
        return ngettext("%(n)s year", "%(n)s years", count) % {"n": count}
    if days > 56:
        count = round(days / 30.4)
        return ngettext("%(n)s month", "%(n)s months", count) % {"n": count}
    if days > 13:
        count = round(days / 7)
        return ngettext("%(n)s week", "%(n)s weeks", count) % {"n": count}
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def age(moment: datetime, now: datetime) -> str:
    """How old something is, as short as a column: "3 d", "2 h", "just now"."""
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return pgettext("age", "just now")
    size = next((size for size in (DAY, 3600) if seconds >= size), 60)
    return _age(int(seconds // size), size, language())


@lru_cache(maxsize=4096)
def _age(count: int, size: int, _language: str | None) -> str:
    if size == DAY:
        return pgettext("age", "%(n)s d") % {"n": count}
    return (pgettext("age", "%(n)s h") if size == 3600 else pgettext("age", "%(n)s min")) % {"n": count}


def ago(moment: datetime, now: datetime) -> str:
    """When something was last seen: "4 minutes ago", "2 days ago"."""
    seconds = (now - moment).total_seconds()
    if seconds < 90:
        return pgettext("age", "just now")
    if seconds < 3600:
        minutes = int(seconds // 60)
        return gettext("%(span)s ago") % {"span": ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}}
    if seconds < DAY:
        hours = int(seconds // 3600)
        return gettext("%(span)s ago") % {"span": ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}}
    days = int(seconds // DAY)
    return gettext("%(span)s ago") % {"span": _span(days)}


def between(low: datetime, high: datetime, now: datetime) -> str:
    """The 80 % interval and how sure that is: "tussen de 9e en de 21e, 8 van de 10 keer"."""
    first, last = local_day(low), local_day(high)
    if first == last:
        return gettext("on %(day)s, 8 out of 10 times") % {"day": day(last, now)}
    if (first.year, first.month) == (last.year, last.month):
        return gettext("between the %(first)s and the %(last)s of %(month)s, 8 out of 10 times") % {
            "first": ordinal(first.day),
            "last": ordinal(last.day),
            "month": date_format(last, "F" if last.year == local_day(now).year else "F Y"),
        }
    return gettext("between %(first)s and %(last)s, 8 out of 10 times") % {
        "first": day(first, now),
        "last": day(last, now),
    }


def ordinal(number: int) -> str:
    """ "9th" or "9e"."""
    if (get_language() or "en").startswith("nl"):
        return f"{number}e"
    if 11 <= number % 100 <= 13:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def capitalised(text: str) -> str:
    """The same with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def number(value: float, decimals: int = 0) -> str:
    """A number with the separators of the language in force."""
    return _told(f"{value:,.{decimals}f}")


_POINT: Final = ord(".")


def _told(text: str) -> str:
    """A number as Python groups it, as Django's number_format does for languages that group by three."""
    if text.isdigit():
        return text
    signs = _separators(language())
    # Most numbers have a point and nothing else.
    return text.translate(signs) if "," in text or "-" in text else text.replace(".", signs[_POINT])


class _Held(threading.local):
    language: str | None = None


_held = _Held()


@contextmanager
def one_language() -> Iterator[None]:
    """Asks once which language is in force; charts and lists have hundreds of numbers and days. Nothing inside may
    change it.
    """
    before = _held.language
    _held.language = get_language()
    try:
        yield
    finally:
        _held.language = before


def language() -> str | None:
    """The language in force."""
    return _held.language or get_language()


@lru_cache
def _separators(_language: str | None) -> dict[int, str]:
    """What stands between thousands, before decimals and before what is below zero."""
    grouping, point = str(get_format("THOUSAND_SEPARATOR")), str(get_format("DECIMAL_SEPARATOR"))
    return {ord(","): grouping, _POINT: point, ord("-"): "−"}


def significant(value: float) -> str:
    """A number with about three significant digits."""
    size = abs(value)
    return _short(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3)


_PLAIN_FORMS: Final = ("%.0f", "%.1f", "%.2f", "%.3f")


def _short(value: float, most: int) -> str:
    """A number with those of ``most`` decimals that say something."""
    # Below a thousand nothing stands between thousands, and the plain form takes half the time.
    text = _PLAIN_FORMS[most] % value if -999 < value < 999 else f"{value:,.{most}f}"
    return _told(text.rstrip("0").rstrip(".") if most else text)


def _scaled(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    amount = abs(value)
    for step in steps:
        if amount >= step[0]:
            break
    size, name = step
    scaled = value / size
    return f"{_short(scaled, 0 if abs(scaled) >= 99.95 else 1)} {name}"


# What colleagues know from their file manager: steps of 1024 under the names GB, MB, kB.
_BYTES = ((1024.0**4, "TB"), (1024.0**3, "GB"), (1024.0**2, "MB"), (1024.0, "kB"), (1.0, "B"))
_HERTZ = ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz"))
_BITS = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1.0, "bit/s"))


def _percent(value: float) -> str:
    share = value * 100
    return f"{_short(share, 0 if abs(share) >= 10 else 1)} %"


def _plural(words: Callable[[int], str]) -> Callable[[int], str]:
    """The same words, which gettext is asked for once for each number and language."""
    known = lru_cache(maxsize=256)(lambda count, _language: words(count))
    return lambda count: known(count, language())


_MINUTES: Final = _plural(lambda n: ngettext("%(n)s minute", "%(n)s minutes", n))
_HOURS: Final = _plural(lambda n: ngettext("%(n)s hour", "%(n)s hours", n))
_DAYS: Final = _plural(lambda n: ngettext("%(n)s day", "%(n)s days", n))


def duration(seconds: float) -> str:
    """A length of time in the unit that suits it: "12 ms", "3 minutes", "4 days"."""
    size = abs(seconds)
    if size < 1:
        return f"{_short(seconds * 1000, 1 if size < 0.01 else 0)} ms"
    if size < 120:
        return f"{_short(seconds, 1)} s"
    if size < 7200:
        count = round(seconds / 60)
        return _MINUTES(count) % {"n": count}
    if size < 2 * DAY:
        count = round(seconds / 3600)
        return _HOURS(count) % {"n": count}
    count = round(seconds / DAY)
    return _DAYS(count) % {"n": number(count)}


def _hours(value: float) -> str:
    return gettext("%(n)s hours") % {"n": number(value)}


def _counted(words: Callable[[int], str]) -> Callable[[float], str]:
    known = _plural(words)

    def text(value: float) -> str:
        whole = value == int(value)
        return known(int(value) if whole else 2) % {"n": number(value) if whole else significant(value)}

    return text


_UNITS: Final[dict[str, Callable[[float], str]]] = {
    "1": _percent,
    "By": lambda value: _scaled(value, _BYTES),
    "Hz": lambda value: _scaled(value, _HERTZ),
    "bit/s": lambda value: _scaled(value, _BITS),
    "Cel": lambda value: f"{_short(value, 1)} °C",
    "W.h": lambda value: f"{number(value, 1)} Wh",
    "s": duration,
    "h": _hours,
    "d": lambda value: duration(value * DAY),
    "{dBm}": lambda value: f"{number(value)} dBm",
    "{version}": _counted(lambda n: ngettext("%(n)s version", "%(n)s versions", n)),
    "{display}": _counted(lambda n: ngettext("%(n)s screen", "%(n)s screens", n)),
    "{rpm}": lambda value: gettext("%(n)s rpm") % {"n": number(value)},
    "{error}": _counted(lambda n: ngettext("%(n)s error", "%(n)s errors", n)),
    "{event}": _counted(lambda n: ngettext("%(n)s time", "%(n)s times", n)),
    "{failure}": _counted(lambda n: ngettext("%(n)s time", "%(n)s times", n)),
    "{timeout}": _counted(lambda n: ngettext("%(n)s time", "%(n)s times", n)),
    "{sector}": _counted(lambda n: ngettext("%(n)s sector", "%(n)s sectors", n)),
    "{update}": _counted(lambda n: ngettext("%(n)s update", "%(n)s updates", n)),
    "{process}": _counted(lambda n: ngettext("%(n)s process", "%(n)s processes", n)),
    "{cycle}": _counted(lambda n: ngettext("%(n)s cycle", "%(n)s cycles", n)),
    "{report}": _counted(lambda n: ngettext("%(n)s report", "%(n)s reports", n)),
    "{packet}": _counted(lambda n: ngettext("%(n)s packet", "%(n)s packets", n)),
    "{inode}": _counted(lambda n: ngettext("%(n)s file slot", "%(n)s file slots", n)),
}
_PLAIN: Final = frozenset({"keuring.smart.critical_warning"})  # a ratio by unit, bits by nature


def unit_of(signal: Signal) -> str:
    """The unit to write a signal's values in; empty for a bare number."""
    return "" if signal.name in _PLAIN else signal.unit


def amount(value: float, unit: str) -> str:
    """A number with its unit (UCUM) as people write it: 0.93 of "1" is "93 %"."""
    return writer(unit)(float(value)) if math.isfinite(value) else gettext("unknown")


def writer(unit: str) -> Callable[[float], str]:
    """How finite numbers of one unit are written, for many of them; see ``amount``."""
    return _UNITS.get(unit, significant)


def reading(value: object, name: str, now: datetime, role: str = "value") -> str:
    """A value of a signal in words. ``role`` "slope" is per day; facts are said by their kind."""
    signal = BY_NAME.get(name)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, str) or value is None:
        return value or gettext("unknown")
    if not isinstance(value, int | float):
        return str(value)
    if signal is None or role == "machines":
        return significant(value)
    if role == "dated":
        return moment_of_fact(float(value), now)
    if signal.value is ValueType.TIME and role in ("value", "fact"):
        return moment_of_fact(float(value), now)
    if signal.value is ValueType.TIME:  # a limit on a date is a number of seconds or days around it
        return duration(value)
    text = amount(value, unit_of(signal))
    if role == "slope":
        return gettext("%(amount)s a day") % {"amount": ("+" if value > 0 else "") + text}
    return text


def in_sentence(value: object, name: str, now: datetime, role: str = "value") -> str:
    """A value as a rule's sentence takes it: what is counted as a bare number, since the sentence names it."""
    signal = BY_NAME.get(name)
    if signal is not None and signal.unit.startswith("{") and isinstance(value, int | float):
        return significant(float(value))
    return reading(value, name, now, role)


def moment_of_fact(seconds: float, now: datetime) -> str:
    """The day that a fact of kind time holds (seconds since 1970), or "unknown" when it cannot be a day."""
    try:
        return day(datetime.fromtimestamp(seconds, UTC), now)
    except (OverflowError, ValueError, OSError):
        return gettext("unknown")


def is_near(moment: datetime, now: datetime) -> bool:
    """Whether a moment is so near that people count days to it."""
    return abs(moment - now) < timedelta(days=SOON_DAYS)
