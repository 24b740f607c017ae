"""The form by which a rule is tried on history: what was typed, what is wrong with it, and the row that it becomes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from keuring_collector.console import fleet_counts
from keuring_collector.console.faults import said
from keuring_collector.console.numbers import number
from keuring_collector.desk import backtests, scope, wording
from keuring_collector.desk.models import Backtest
from keuring_collector.rulepack import RulePackError, drafts, editing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Department
    from keuring_collector.rulepack import RulePack

FIELDS: Final = ("rule", "text", "seen", "since", "until", "department", "model")
USUAL_DAYS: Final = 90
NEW_NAME: Final = "volume_my_rule"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: ``line`` counts from 1, ``stands`` is what is written there; ``file`` of what is not the rule."""

    line: int
    file: str
    stands: str
    what: str
    mend: str


@dataclass(slots=True)
class Asked:
    """What stands in the form; ``faults`` of the rule, ``wrong`` of the other fields, by their name."""

    typed: dict[str, str]
    compare: bool = True
    incidents: bool = True
    before: str = ""
    faults: list[Fault] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether it can be asked."""
        return not self.faults and not self.wrong


def mark(text: str) -> str:
    """What tells one text of a rule from another."""
    return sha256(text.encode()).hexdigest()[:16]


def text_now(pack: RulePack, name: str) -> str:
    """What the file of a rule holds; empty for one that is new."""
    return editing.text_of(pack, name) if name in pack.by_name else ""


def first(pack: RulePack, name: str, now: dt.datetime) -> Asked:
    """The form for a rule of the pack, or for one that is new."""
    before = text_now(pack, name)
    since = (wording.local_day(now) - dt.timedelta(days=USUAL_DAYS)).isoformat()
    typed = {"rule": name if before else "", "text": before or drafts.text(NEW_NAME), "seen": mark(before)}
    return Asked(dict.fromkeys(FIELDS, "") | typed | {"since": since}, before=before)


def again(pack: RulePack, row: Backtest) -> Asked:
    """The form with what was asked before, for the rule as it is by now."""
    before = text_now(pack, row.rule)
    chosen = "" if row.everything or row.departments.count() != 1 else str(row.departments.get().pk)
    typed = {
        "rule": row.rule if before else "",
        "text": row.text,
        "seen": mark(before),
        "since": row.since.isoformat() if row.since else "",
        "until": row.until.isoformat() if row.until else "",
        "department": chosen,
        "model": row.model,
    }
    return Asked(typed, row.compare, row.incidents, before)


def read(post: Mapping[str, str], pack: RulePack, staff: Staff, now: dt.datetime) -> tuple[Asked, Backtest | None]:
    """What was typed, and the row it becomes; None when something is wrong."""
    typed = {name: post.get(name, "").replace("\r\n", "\n") for name in FIELDS}
    name = typed["rule"]
    before = text_now(pack, name)
    asked = Asked(typed, "compare" in post, "incidents" in post, before)
    called = _rule(asked, pack)
    if typed["seen"] != mark(asked.before):
        asked.wrong["text"] = _(
            "The rule was changed by somebody else while you were writing. Look at it first; what you typed still "
            "stands here, and can be tried when you ask again."
        )
        typed["seen"] = mark(asked.before)
    since, until = _day(asked, "since"), _day(asked, "until")
    today = wording.local_day(now)
    if since and since > min(until or today, today):
        asked.wrong["since"] = _("Nothing lies between these days. Choose a first day before the last one.")
    department = _department(asked, staff)
    if backtests.waiting(staff) >= backtests.MOST_OPEN:
        asked.wrong["form"] = _("%(n)s of yours have not ended yet. Wait for one, or stop one.") % {
            "n": backtests.MOST_OPEN
        }
    if not asked.good:
        return asked, None
    return asked, Backtest(
        rule=called, text=typed["text"], before=asked.before, compare=asked.compare, since=since, until=until,
        incidents=asked.incidents,
        everything=department is None and staff.department_ids is None, model=typed["model"][:256], asked_by=staff,
        asked_at=now,
    )  # fmt: skip


def departments_of(asked: Asked, staff: Staff) -> list[Department]:
    """Whose machines a good form is about, where it is not about all."""
    number = asked.typed["department"]
    found = scope.departments(staff)
    if number:
        return list(found.filter(pk=int(number)))
    return [] if staff.department_ids is None else list(found)


def models(staff: Staff) -> list[str]:
    """The models of the machines that they may see."""
    return fleet_counts.models(staff, timezone.now())


def _rule(asked: Asked, pack: RulePack) -> str:
    """The name of the rule that was typed; notes what is wrong with it."""
    text = asked.typed["text"]
    try:
        return editing.check(pack, text, asked.typed["rule"]).name
    except RulePackError as error:
        asked.faults = faults(error, text)
        return ""


def faults(error: RulePackError, text: str, name: str = "") -> list[Fault]:
    """What is wrong with a rule, each with the line that it is about; ``name`` of its file: others are told by name."""
    lines = text.splitlines()
    found = []
    for each in sorted(error.problems, key=lambda problem: problem.line):
        own = not name or each.path.name == name
        stands = lines[each.line - 1] if own and each.line <= len(lines) else ""
        found.append(Fault(each.line, "" if own else each.path.name, stands, said(each.what), said(each.mend)))
    return found


def _day(asked: Asked, name: str) -> dt.date | None:
    typed = asked.typed[name]
    try:
        return dt.date.fromisoformat(typed) if typed else None
    except ValueError:
        asked.wrong[name] = _("This is no day of the calendar. Write it as 2026-08-01, or leave it empty.")
        return None


def _department(asked: Asked, staff: Staff) -> str | None:
    """The department that was chosen, None for no choice; notes one that they do not see."""
    text = asked.typed["department"]
    if not text:
        return None
    if not scope.departments(staff).filter(pk=number(text) or 0).exists():
        asked.wrong["department"] = _("There is no such department. Choose one from the list.")
    return text
