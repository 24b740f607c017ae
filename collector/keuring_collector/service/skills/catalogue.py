"""Which skills there are: those that ship, and the desk's own; a skill of the desk stands before a shipped one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit, wording
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.prepared import prepared
from keuring_collector.service.models import Skill
from keuring_collector.service.models.skills import LONGEST_NAME, LONGEST_TEXT, SLUG_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack

TECHNICAL, COMMUNICATIVE = Skill.Kind.TECHNICAL, Skill.Kind.COMMUNICATIVE


@dataclass(frozen=True, slots=True)
class Known:
    """A skill in both languages, as (nl, en)."""

    slug: str
    kind: str
    names: tuple[str, str]
    abouts: tuple[str, str] = ("", "")
    own: bool = False  # of the desk

    @property
    def name(self) -> str:
        """In the language in force, else in the other."""
        return _in_force(self.names) or self.slug

    @property
    def about(self) -> str:
        """What it takes, the same way."""
        return _in_force(self.abouts)

    @property
    def is_technical(self) -> bool:
        """Whether it is about machines; the others are about people."""
        return self.kind == TECHNICAL


def _in_force(pair: tuple[str, str]) -> str:
    nl, en = pair
    return (nl or en) if (wording.language() or "nl").startswith("nl") else (en or nl)


SHIPPED: Final = (
    Known(
        "hardware", TECHNICAL, ("Hardware", "Hardware"),
        ("Accu's, schijven, geheugen en ventilatoren beoordelen, bestellen en vervangen.",
         "Judging, ordering and replacing batteries, disks, memory and fans."),
    ),
    Known(
        "linux", TECHNICAL, ("Linux", "Linux"),
        ("Diensten, pakketten en logboeken van Linux-werkplekken.",
         "Services, packages and logs of workplaces on Linux."),
    ),
    Known(
        "network", TECHNICAL, ("Netwerk", "Network"),
        ("Wifi, kabels en verbindingen meten en verbeteren.",
         "Measuring and improving Wi-Fi, cables and connections."),
    ),
    Known(
        "security", TECHNICAL, ("Beveiliging", "Security"),
        ("Versleuteling, firewall, updates en certificaten in orde maken.",
         "Putting encryption, firewall, updates and certificates in order."),
    ),
    Known(
        "workplace", TECHNICAL, ("De werkplek", "The workplace"),
        ("Systeem, programma's en instellingen van een gewone werkplek.",
         "System, programs and settings of an everyday workplace."),
    ),
    Known(
        "bad-news", COMMUNICATIVE, ("Slecht nieuws brengen", "Bringing bad news"),
        ("Zeggen dat iets weg of stuk is, rustig en met een volgende stap.",
         "Saying that something is lost or broken, calmly and with a next step."),
    ),
    Known(
        "coaching", COMMUNICATIVE, ("Op gang helpen", "Helping others along"),
        ("Iemand iets laten proberen zonder het over te nemen.",
         "Letting somebody try something without taking it over."),
    ),
    Known(
        "explaining", COMMUNICATIVE, ("Gewoon uitleggen", "Explaining plainly"),
        ("Zonder vaktaal vertellen wat er is, wat het betekent en wat je doet.",
         "Telling without jargon what there is, what it means and what you do."),
    ),
    Known(
        "listening", COMMUNICATIVE, ("Luisteren en doorvragen", "Listening and asking on"),
        ("Horen wat iemand dwarszit, ook als het niet om de computer gaat.",
         "Hearing what bothers somebody, also when it is not the computer."),
    ),
    Known(
        "visiting", COMMUNICATIVE, ("Langsgaan", "Paying a visit"),
        ("Een gesprek beginnen met iemand die niets gemeld heeft.",
         "Starting a talk with somebody who reported nothing."),
    ),
    Known(
        "writing", COMMUNICATIVE, ("Helder schrijven", "Writing clearly"),
        ("Berichten en artikelen die een collega in één keer begrijpt.",
         "Messages and articles that a colleague understands at once."),
    ),
)  # fmt: skip


def everything(pack: RulePack | None = None) -> dict[str, Known]:
    """All skills by slug, technical ones first, then by name. With ``pack`` also those that its rules alone name."""
    found = {each.slug: each for each in SHIPPED}
    found |= {each.slug: _own(each) for each in _all()}
    for slug in sorted({rule.skill for rule in pack.rules.values()} - set(found) if pack else ()):
        found[slug] = Known(slug, TECHNICAL, (_said(slug), _said(slug)))
    return {each.slug: each for each in sorted(found.values(), key=_order)}


@prepared
def _all() -> QuerySet[Skill]:
    return Skill.objects.all()


def _order(skill: Known) -> tuple[bool, str, str]:
    return (not skill.is_technical, skill.name.casefold(), skill.slug)


def _own(row: Skill) -> Known:
    return Known(row.slug, row.kind, (row.name_nl, row.name_en), (row.about_nl, row.about_en), own=True)


def _said(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").capitalize()


def named(slugs: Iterable[str], known: Mapping[str, Known]) -> list[Known]:
    """The skills of these slugs, in the catalogue's order; one that is not there any more by its slug."""
    wanted = set(slugs)
    gone = [Known(slug, TECHNICAL, (_said(slug), _said(slug))) for slug in sorted(wanted - set(known))]
    return [each for each in known.values() if each.slug in wanted] + gone


def put(
    actor: Staff, kind: str, names: tuple[str, str], abouts: tuple[str, str] = ("", ""), slug: str = ""
) -> Known:  # fmt: skip
    """Adds a skill, or words the one of ``slug`` anew; ``names`` and ``abouts`` are (nl, en). Raises NotUnderstood."""
    if kind not in Skill.Kind.values:
        raise NotUnderstood("kind", _("A skill is technical or communicative: choose one."))
    nl, en = (_line(text, f"name_{code}", LONGEST_NAME) for text, code in zip(names, ("nl", "en"), strict=True))
    if not (nl or en):
        raise NotUnderstood("name_nl", _("Give the skill a name, in Dutch or in English."))
    told = [_line(text, f"about_{code}", LONGEST_TEXT) for text, code in zip(abouts, ("nl", "en"), strict=True)]
    if not slug:
        slug = slugify(en or nl)[:SLUG_LENGTH].strip("-_")
        if not slug or slug in everything():
            raise NotUnderstood("name_en", _("There is a skill of that name already. Choose another name."))
    elif not re.fullmatch(r"[a-z0-9_-]{1,40}", slug):
        raise NotUnderstood("slug", _("There is no such skill."))
    fields = {"kind": kind, "name_nl": nl, "name_en": en, "about_nl": told[0], "about_en": told[1]}
    with transaction.atomic():
        row, _made = Skill.objects.update_or_create(slug=slug, defaults=fields)
        audit.record_now(actor, "skill.changed", f"skill/{slug}")
    return _own(row)


def _line(text: str, field: str, longest: int) -> str:
    text = " ".join(text.split())
    if len(text) > longest or not text.isprintable():
        raise NotUnderstood(field, _("That is longer than fits. Shorten it a little."))
    return text
