"""Which skills the work asks: a rule by its own field, a cause by its rules and what is set for it, a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.prepared import prepared
from keuring_collector.service.models import SkillNeed
from keuring_collector.service.skills import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff, Ticket
    from keuring_collector.rulepack import RulePack

# What a visit can be about.
VISITS: Final[Mapping[str, _StrPromise]] = {
    "ticket": _("a ticket"),
    "inspection": _("an inspection"),
    "tip": _("a tip"),
    "announcement": _("an announcement"),
    "hello": _("just saying hello"),
}
# What ships: what some causes ask of people beside the skill of their rules, and what each kind of visit asks.
_CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "disk-failing": ("bad-news",),
    "replacement": ("explaining",),
    "volume-space": ("coaching",),
}
_VISITS: Final[Mapping[str, tuple[str, ...]]] = {
    "ticket": ("explaining",),
    "inspection": ("explaining",),
    "tip": ("coaching",),
    "announcement": ("explaining", "listening"),
    "hello": ("visiting", "listening"),
}


@prepared
def _all() -> QuerySet[SkillNeed]:
    return SkillNeed.objects.all()


class Needs:
    """What everything asks, read once."""

    def __init__(self, pack: RulePack) -> None:
        rows = {(str(each.kind), each.value): tuple(each.skills) for each in _all()}
        self.rules = {rule.id: rule.skill for rule in pack.rules.values()}
        self._rules_of: dict[str, set[str]] = {}
        for rule in pack.rules.values():
            self._rules_of.setdefault(rule.cause, set()).add(rule.skill)
        self._set: dict[tuple[str, str], tuple[str, ...]] = {}
        for kind, shipped in ((SkillNeed.Kind.CAUSE, _CAUSES), (SkillNeed.Kind.VISIT, _VISITS)):
            self._set |= {(str(kind), value): skills for value, skills in shipped.items()}
        self._set |= rows

    @property
    def causes(self) -> list[str]:
        """The causes of the pack's rules, and those that something is set for."""
        return sorted({*self._rules_of, *(value for kind, value in self._set if kind == SkillNeed.Kind.CAUSE)})

    def by_rules(self, cause: str) -> frozenset[str]:
        """What the rules of a cause ask."""
        return frozenset(self._rules_of.get(cause, ()))

    def set_for(self, kind: str, value: str) -> tuple[str, ...]:
        """What is set for a cause or a visit."""
        return self._set.get((kind, value), ())

    def of_visit(self, about: str) -> tuple[str, ...]:
        """What a visit asks that is about one of VISITS."""
        return self.set_for(SkillNeed.Kind.VISIT, about)

    def of_ticket(self, ticket: Ticket) -> frozenset[str]:
        """What a ticket asks: the rules of its findings that stand (of all when none does), and its cause's own."""
        lines = ticket.findings
        standing = [line for line in lines if line.active] or lines
        by_rules = {self.rules[line.rule] for line in standing if line.rule in self.rules}
        return frozenset(by_rules or self.by_rules(ticket.cause)) | set(
            self.set_for(SkillNeed.Kind.CAUSE, ticket.cause)
        )


def put(actor: Staff, kind: str, value: str, skills: Iterable[str], pack: RulePack) -> None:
    """Sets what a cause or a visit asks. Raises NotUnderstood for what does not exist."""
    wanted: Sequence[str] = list(dict.fromkeys(skills))
    known = catalogue.everything(pack)
    exists = value in (VISITS if kind == SkillNeed.Kind.VISIT else Needs(pack).causes)
    if kind not in SkillNeed.Kind.values or not exists:
        raise NotUnderstood("value", _("There is no such cause or visit. Choose one of the list."))
    if missing := [slug for slug in wanted if slug not in known]:
        raise NotUnderstood("skills", _("There is no skill “%(slug)s”. Add it first.") % {"slug": missing[0][:40]})
    with transaction.atomic():
        SkillNeed.objects.update_or_create(kind=kind, value=value, defaults={"skills": wanted})
        audit.record_now(actor, "skill.need", f"{kind}/{value}", {"skills": wanted})
