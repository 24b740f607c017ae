"""`rules docs`: a pack as pages for people: what covers which signal on what evidence, and every rule in full."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from keuring.signals import catalogue
from keuring.signals.model import Kind, Status
from keuring_collector.rulepack import trial
from keuring_collector.rulepack.compile import compile_rule
from keuring_collector.rulepack.language import Maturity
from keuring_collector.rulepack.problems import RulePackError
from keuring_collector.rulepack.reads import signals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keuring.signals.model import Signal
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.pack import RulePack


def coverage(pack: RulePack) -> str:
    """Two tables: the rules, and signal by signal which rules read it and on what evidence."""
    by_signal: dict[int, list[Rule]] = defaultdict(list)
    for rule in pack.rules.values():
        for signal in signals_of(compile_rule(rule)):
            by_signal[signal].append(rule)
    judged = [rule for rule in pack.rules.values() if rule.maturity is not Maturity.DEPRECATED]
    lines = [
        f"{len(judged)} rules. Conditions and texts stand in each rule's own file, with its evidence in full.",
        "",
        "| rule | condition | severity | cause | maturity | inspection | first evidence |",
        "|---|---|---|---|---|---|---|",
        *(_rule_row(rule) for rule in pack.rules.values()),
        "",
        "## Signals, and the rules that read them",
        "",
        "| signal | rules | evidence |",
        "|---|---|---|",
        *(_signal_row(signal, by_signal[signal.id]) for signal in catalogue.SIGNALS if by_signal.get(signal.id)),
        "",
        "## Measured, and judged by no rule",
        "",
        "They are shown on a machine's page, or put another signal in proportion: "
        + ", ".join(f"`{s.name}`" for s in catalogue.SIGNALS if not by_signal.get(s.id) and _measured(s))
        + ".",
    ]
    return "\n".join(lines) + "\n"


def _measured(signal: Signal) -> bool:
    return signal.status is Status.EMITTED and not signal.name.startswith("keuring.agent.")


def _rule_row(rule: Rule) -> str:
    cells = (
        f"`{rule.name}`",
        rule.condition.kind,
        rule.severity.value,
        f"`{rule.cause}`",
        rule.maturity.value,
        rule.inspection.item,
        rule.evidence[0],
    )
    return f"| {' | '.join(_cell(text) for text in cells)} |"


def _signal_row(signal: Signal, rules: Iterable[Rule]) -> str:
    by = "" if signal.status is Status.EMITTED else f" ({signal.status.value})"
    listed = sorted(rules, key=lambda rule: rule.name)
    # What decides to whom a rule applies is not what its evidence is about.
    proven = [rule for rule in listed if signal.kind is not Kind.FACT or signal.name not in rule.applies_to]
    evidence = proven[0].evidence[0] if proven else "decides where rules apply"
    names = ", ".join(f"`{rule.name}`" for rule in listed)
    return f"| `{signal.name}`{by} | {names} | {_cell(evidence)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def whole(pack: RulePack, language: str) -> str:
    """The pack as one page in ``language``: the tables, and then every rule."""
    parts = [f"# Rules\n\nVersion {pack.version}.\n", coverage(pack)]
    parts += ["\n".join(_rule(pack, rule, language)) for rule in pack.rules.values()]
    return "\n".join(parts).rstrip("\n") + "\n"


def _rule(pack: RulePack, rule: Rule, language: str) -> Iterator[str]:
    yield f"## {rule.name}\n"
    yield f"**{getattr(rule.title, language)}**\n"
    yield f"{rule.severity.value}, {rule.maturity.value}; cause `{rule.cause}`, skill `{rule.skill}`, inspection item "
    yield f"`{rule.inspection.item}`; opens a ticket from {rule.ticket_from.value} on.\n"
    yield f"{getattr(rule.advice, language).strip()}\n"
    yield f"> {getattr(rule.say, language).strip()}\n"
    if rule.condition.risk is not None:
        yield "| sign | points |\n|---|---|"
        yield from (f"| {_cell(getattr(s.why, language))} | {s.points} |" for s in rule.condition.risk.points)
        yield ""
    for title, texts in (
        ("Why this threshold", rule.evidence),
        ("References", rule.references),
        ("What it does not see", rule.known_gaps),
        ("Where it errs", rule.false_positives),
        ("Why the signals are used", [rule.privacy]),
        ("Tests", _tests(pack, rule)),
    ):
        if texts:
            yield f"{title}:\n"
            yield from (f"- {_cell(text)}" for text in texts)
            yield ""


def _tests(pack: RulePack, rule: Rule) -> list[str]:
    path = trial.test_path(pack.files[rule.id])
    if not path.is_file():
        return []
    try:
        return [test.name for test in trial.read(path).content.tests]
    except RulePackError:
        return []  # lint says what is wrong with it
