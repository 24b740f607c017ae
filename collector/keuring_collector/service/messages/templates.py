"""Templates of messages: the shipped ones and the desk's own as one list, and changing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service.messages.shipped import TEMPLATES, Wording
from keuring_collector.service.models import MessageTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from keuring_collector.desk.models import Staff

# What a template may be filled with; filling.py says from what.
WORDS: Final = ("colleague", "machine", "saw", "date", "day", "who", "article")
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
LONGEST: Final = Wording(60, 120, 4000)  # type: ignore[arg-type]  # characters
RESERVED: Final = frozenset({"new"})
MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Template:
    """A template in both languages. ``changed``: the desk's words; ``shipped``: there are words to go back to."""

    key: str
    texts: Mapping[str, Wording]
    changed: bool
    shipped: bool


def every() -> list[Template]:
    """All templates that may be chosen: the shipped ones in their order, then the desk's own by name."""
    rows = {row.key: row for row in MessageTemplate.objects.all()}
    own = sorted((row for key, row in rows.items() if key not in TEMPLATES), key=lambda row: row.name_nl or row.name_en)
    shipped = [_template(key, rows.get(key)) for key in TEMPLATES if key not in rows or not rows[key].removed]
    return [*shipped, *(_template(row.key, row) for row in own)]


def removed() -> list[Template]:
    """The shipped templates that the desk does not want."""
    keys = MessageTemplate.objects.filter(removed=True).values_list("key", flat=True)
    return [_template(key, None) for key in TEMPLATES if key in set(keys)]


def get(key: str) -> Template | None:
    """A template by its key; None when there is none, or the desk does not want it."""
    return next((each for each in every() if each.key == key), None)


def _template(key: str, row: MessageTemplate | None) -> Template:
    if row is None:
        return Template(key, TEMPLATES[key], changed=False, shipped=True)
    texts = {
        "nl": Wording(row.name_nl, row.subject_nl, row.body_nl),
        "en": Wording(row.name_en, row.subject_en, row.body_en),
    }
    return Template(key, texts, changed=True, shipped=key in TEMPLATES)


def save(key: str, texts: Mapping[str, Wording], *, actor: Staff, now: datetime) -> Template:
    """Keeps the desk's words; an empty ``key`` makes a new template. Raises NotUnderstood for what cannot be used."""
    checked = {language: _checked(language, texts[language]) for language in LANGUAGES}
    fields = {
        f"{part}_{language}": text for language in LANGUAGES for part, text in checked[language]._asdict().items()
    }
    with transaction.atomic():
        if not key:
            if MessageTemplate.objects.count() >= MOST:
                raise NotUnderstood("name_nl", _("There are sixty templates already. Remove one first."))
            key = _free_key(checked["nl"].name)
        MessageTemplate.objects.update_or_create(
            key=key, defaults={**fields, "removed": False, "changed_at": now, "changed_by": actor}
        )
        audit.record_now(actor, "template.changed", f"template/{key}")
    found = get(key)
    assert found is not None  # noqa: S101 - it was just written
    return found


def remove(key: str, *, actor: Staff, now: datetime) -> None:
    """Takes a template out of the list; a shipped one can come back with ``restore``."""
    with transaction.atomic():
        if key in TEMPLATES:
            MessageTemplate.objects.update_or_create(
                key=key, defaults={"removed": True, "changed_at": now, "changed_by": actor}
            )
        else:
            MessageTemplate.objects.filter(key=key).delete()
        audit.record_now(actor, "template.changed", f"template/{key}", {"removed": True})


def restore(key: str, *, actor: Staff) -> None:
    """Goes back to the words that ship with Keuring."""
    with transaction.atomic():
        if key in TEMPLATES and MessageTemplate.objects.filter(key=key).delete()[0]:
            audit.record_now(actor, "template.changed", f"template/{key}", {"restored": True})


def _checked(language: str, text: Wording) -> Wording:
    name, subject, body = (part.replace("\r\n", "\n").strip() for part in text)
    for field, value, most in (("name", name, LONGEST.name), ("subject", subject, LONGEST.subject)):
        if not value or not value.isprintable() or len(value) > int(most):
            raise NotUnderstood(
                f"{field}_{language}",
                _("Fill in name and subject in both languages: one line each, of at most 60 and 120 characters."),
            )
    if not body or "\0" in body or len(body) > int(LONGEST.body):
        raise NotUnderstood(f"body_{language}", _("Write the message in both languages, in at most 4000 characters."))
    for part, value in (("subject", subject), ("body", body)):
        unknown = [word for word in PLACEHOLDER.findall(value) if word not in WORDS]
        if unknown:
            raise NotUnderstood(
                f"{part}_{language}",
                _("“{%(word)s}” is no word that can be filled in. These are: %(words)s.")
                % {"word": unknown[0], "words": ", ".join(f"{{{word}}}" for word in WORDS)},
            )
    return Wording(name, subject, body)


def _free_key(name: str) -> str:
    base = slugify(name)[:36].strip("-_") or "template"
    taken = {*RESERVED, *TEMPLATES, *MessageTemplate.objects.values_list("key", flat=True)}
    return next(key for n in range(1, len(taken) + 2) if (key := base if n == 1 else f"{base}-{n}") not in taken)
