"""What a rule owes by its maturity, beyond being well-formed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals import catalogue
from keuring.signals.model import Status
from keuring_collector.rulepack import tables, trial
from keuring_collector.rulepack.compile import compile_rule
from keuring_collector.rulepack.language import Maturity
from keuring_collector.rulepack.pack import ARTICLES, LANGUAGES, TEST_SUFFIX, article_path, rule_files
from keuring_collector.rulepack.problems import Problem, RulePackError
from keuring_collector.rulepack.reads import signals_of
from keuring_collector.rulepack.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.pack import RulePack

# Words for people: whoever works at a machine is a colleague.
NOT_SAID = {"user": "colleague", "users": "colleagues", "gebruiker": "collega", "gebruikers": "collega's"}
SHORTEST_ARTICLE = 200  # characters
STABLE_OWES = {
    "references": "say where the threshold comes from",
    "known_gaps": "say what it cannot see",
    "false_positives": "say what looks like it and is not",
}


def lint(pack: RulePack) -> list[Problem]:
    """Everything that the rules, their tests and their articles still owe, in a fixed order."""
    problems: list[Problem] = []
    for rule in pack.rules.values():
        source = Source(pack.files[rule.id])
        problems += _obligations(rule, source)
        problems += _said(rule, source)
        problems += _tested(rule, source)
    problems += _articles(pack)
    problems += _strays(pack)
    return sorted(problems)


def _obligations(rule: Rule, source: Source) -> Iterator[Problem]:
    def owe(field: str, what: str, mend: str) -> Problem:
        return Problem(source.path, source.line((field,)), what, mend)

    if source.path.stem != rule.name:
        yield owe("name", f"the file is called {source.path.name}", f"call it {rule.name}.yaml")
    if rule.maturity is Maturity.STABLE:
        for field, mend in STABLE_OWES.items():
            if not getattr(rule, field):
                yield owe(field, f"a stable rule needs {field}", mend)
    if rule.maturity.opens_tickets:
        for identity in sorted(signals_of(compile_rule(rule))):
            signal = catalogue.BY_ID[identity]
            if signal.status is Status.PLANNED:
                yield owe("condition", f"no agent measures '{signal.name}' yet", "make the rule experimental")
    if not rule.title.nl.strip() or "{machine}" not in rule.title.nl or "{machine}" not in rule.title.en:
        yield owe("title", "the title does not name the machine", "use {machine}")
    for language in LANGUAGES:
        if "{machine}" in getattr(rule.say, language):
            yield owe("say", "what is said to a colleague does not need the machine's name", "say 'your computer'")


def _said(rule: Rule, source: Source) -> Iterator[Problem]:
    for field in ("title", "advice", "say"):
        for language in LANGUAGES:
            yield from _words(source, (field, language), getattr(getattr(rule, field), language))


def _words(source: Source, loc: tuple[str, ...], text: str) -> Iterator[Problem]:
    for word in text.casefold().replace(",", " ").replace(".", " ").split():
        if word in NOT_SAID:
            yield Problem(source.path, source.line(loc), f"'{word}' in a text for people", f"say '{NOT_SAID[word]}'")


def _tested(rule: Rule, source: Source) -> list[Problem]:
    path = trial.test_path(source.path)
    if not path.exists():
        if rule.maturity.opens_tickets:
            return [Problem(source.path, 1, "a rule that opens tickets needs tests", f"write {path.name}")]
        return []
    try:
        suite = trial.read(path)
    except RulePackError as error:
        return list(error.problems)
    problems = []
    if suite.content.rule != rule.name:
        line = suite.source.line(("rule",))
        problems.append(Problem(path, line, f"these are the tests of '{suite.content.rule}'", f"write {rule.name}"))
    if not any(test.opened or any(expectation.open for expectation in test.expect) for test in suite.content.tests):
        problems.append(Problem(path, 1, "no test shows that the rule fires", "add one with expect"))
    if not any(test.silent for test in suite.content.tests):
        problems.append(Problem(path, 1, "no test shows that the rule stays silent", "add one with silent: true"))
    return problems


def _articles(pack: RulePack) -> Iterator[Problem]:
    for slug in sorted({rule.article for rule in pack.rules.values()}):
        for language in LANGUAGES:
            path, text = article_path(pack.directory, slug, language), pack.article(slug, language)
            if not text.startswith("# "):
                yield Problem(path, 1, "an article begins with its title", "write '# ' and the title")
            if len(text) < SHORTEST_ARTICLE:
                yield Problem(path, 1, "an article of hardly a line", "say what to look at, and what to do")
            for number, line in enumerate(text.casefold().splitlines(), 1):
                for word in line.replace(",", " ").replace(".", " ").split():
                    if word in NOT_SAID:
                        yield Problem(path, number, f"'{word}' in a text for people", f"say '{NOT_SAID[word]}'")


def _tables(part: object) -> Iterator[str]:
    """The tables that a rule, as it is written, names."""
    if isinstance(part, dict):
        table = part.get("table")
        if isinstance(table, str):
            yield table
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _tables(each)


def _strays(pack: RulePack) -> Iterator[Problem]:
    """Tests, tables and articles that belong to no rule."""
    known = {trial.test_path(path) for path in rule_files(pack.directory)}
    for path in sorted(pack.directory.rglob(f"*{TEST_SUFFIX}")):
        if path not in known:
            yield Problem(path, 1, "tests of a rule that is not there", "rename or remove the file")
    named = {name for rule in pack.rules.values() for name in _tables(Source(pack.files[rule.id]).data)}
    for path in sorted((pack.directory / tables.DATA).glob("*.yaml")):
        if path.stem not in named:
            yield Problem(path, 1, "a table that no rule names", "name it in a rule, or remove it")
    slugs = {rule.article for rule in pack.rules.values()}
    for path in sorted((pack.directory / ARTICLES).glob("*.md")):
        if path.name.split(".")[0] not in slugs:
            yield Problem(path, 1, "an article that no rule names", "name it in a rule, or remove it")
