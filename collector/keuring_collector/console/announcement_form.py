"""The editor of announcements: what was typed as the content of an announcement, and back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from keuring_collector.console.typed import number
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.service.announcing import audience, channels, measured, writing
from keuring_collector.service.models import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import QueryDict

    from keuring_collector.service.models import Announcement

FACTS: Final = 3  # rows of facts in the form
MEASURED_PARTS: Final = ("measured", "comparison", "level", "part", "days")
DATES: Final = ("starts_on", "ends_on", "tell_by")
_PROGRAM: Final = ("software", "version_from", "version_below", "cause")
_FIELDS: Final = (
    *(f"{part}_{language}" for part in writing.PARTS for language in ("nl", "en")),
    "when", *DATES, *_PROGRAM, "remind_days", "note", "seen",
    *(f"{part}_{row}" for part in ("fact", "operator", "values") for row in range(FACTS)),
    *(f"{part}_{row}" for part in MEASURED_PARTS for row in range(measured.MOST)),
)  # fmt: skip
_TICKS: Final = ("public", "tell_again")
Typed = dict[str, Any]


def typed(sent: QueryDict) -> Typed:
    """What was typed, as the form shows it again."""
    found: Typed = {name: sent.get(name, "") for name in _FIELDS}
    found |= {name: name in sent for name in _TICKS}
    return found | {
        "departments": sent.getlist("departments"),
        "channels": sent.getlist("channels"),
        "chats": sent.getlist("chats"),
    }


def fresh(today: dt.date) -> Typed:
    """What the form shows of an announcement that is yet to be written."""
    found: Typed = dict.fromkeys(_FIELDS, "") | dict.fromkeys(_TICKS, False)
    found |= {"when": Said.When.DATE.value, "remind_days": "3", "departments": [], "chats": []}
    found |= _usual_days()
    return found | {"channels": list(channels.Channel.values), "tell_by": (today + dt.timedelta(days=14)).isoformat()}


def of_announcement(announcement: Announcement) -> Typed:
    """What the form shows of one that is there."""
    selection = audience.kept(announcement.audience)
    found: Typed = dict.fromkeys(_FIELDS, "")
    for part in writing.PARTS:
        for language in ("nl", "en"):
            found[f"{part}_{language}"] = announcement.text(part, language)
    for name in DATES:
        day = getattr(announcement, name)
        found[name] = day.isoformat() if day else ""
    found |= {name: getattr(selection, name) for name in _PROGRAM}
    for row, fact in enumerate(selection.facts[:FACTS]):
        found[f"fact_{row}"], found[f"operator_{row}"] = fact.signal, fact.operator
        found[f"values_{row}"] = "; ".join(fact.values)
    found |= _usual_days()
    for row, value in enumerate(selection.measured):
        kept = (value.signal, value.comparison, value.value, value.part, str(value.days))
        found |= {f"{part}_{row}": text for part, text in zip(MEASURED_PARTS, kept, strict=True)}
    return found | {
        "when": announcement.when,
        "remind_days": str(announcement.remind_days),
        "seen": str(announcement.version),
        "public": announcement.public,
        "tell_again": False,
        "channels": announcement.channels,
        "chats": announcement.chats,
        "departments": [str(each) for each in selection.departments],
    }


def content(found: Typed) -> writing.Content:
    """What was typed. Raises NotUnderstood for a date or a number that is none."""
    return writing.Content(
        texts={
            (part, language): found[f"{part}_{language}"] for part in writing.PARTS for language in ("nl", "en")
        },
        when=found["when"],
        selection=selection(found),
        channels=found["channels"],
        chats=found["chats"],
        public=found["public"],
        remind_days=_number(found["remind_days"]),
        note=found["note"],
        tell_again=found["tell_again"],
        **{name: _day(name, found[name]) for name in DATES},
    )  # fmt: skip


def selection(found: Mapping[str, Any]) -> audience.Selection:
    """Whom it is for, as it was typed. Raises NotUnderstood for a department that is none."""
    facts = []
    for row in range(FACTS):
        values = tuple(text for part in found[f"values_{row}"].split(";") if (text := part.strip()))
        if found[f"fact_{row}"] or values:
            facts.append(audience.Fact(found[f"fact_{row}"], found[f"operator_{row}"] or "in", values))
    chosen = {number(text) for text in found["departments"]}
    if None in chosen:
        raise NotUnderstood("departments", _("Choose among the departments."))
    return audience.Selection(
        **{name: found[name].strip() for name in _PROGRAM},
        facts=tuple(facts),
        measured=tuple(_measured(found)),
        departments=tuple(sorted(pk for pk in chosen if pk is not None)),
    )


def _usual_days() -> Typed:
    return {f"days_{row}": str(measured.USUAL_DAYS) for row in range(measured.MOST)}


def _measured(found: Mapping[str, Any]) -> Iterator[measured.Measured]:
    for row in range(measured.MOST):
        signal, comparison, level, part, days = (found[f"{name}_{row}"].strip() for name in MEASURED_PARTS)
        if signal or level:
            if not days.isdecimal():
                raise NotUnderstood("measured", _("Write how many days old a measured value may be."))
            yield measured.Measured(signal, comparison or "below", level, part, int(days[:9]))


def _number(text: str) -> int:
    if not text.strip().isdecimal():
        raise NotUnderstood("remind_days", _("Write a number of days; 0 for no reminder."))
    return int(text.strip()[:9])


def _day(name: str, text: str) -> dt.date | None:
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise NotUnderstood(name, _("Choose a date, as in 2027-01-31.")) from None
