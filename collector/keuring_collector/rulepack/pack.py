"""A rule pack: its rules, what the engine runs of them, and their articles; and reading one from a directory."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from keuring.signals import catalogue
from keuring_collector.engine.compiled import ENGINE_VERSION, Calendar, CompiledPack, CompiledRule
from keuring_collector.rulepack import tables
from keuring_collector.rulepack.calendar import calendar
from keuring_collector.rulepack.compile import compile_rule
from keuring_collector.rulepack.conditions.dates import NAME, ROWS
from keuring_collector.rulepack.language import Maturity, Rule
from keuring_collector.rulepack.plainly import problems_of
from keuring_collector.rulepack.problems import Fault, Problem, RulePackError
from keuring_collector.rulepack.reads import keeps_hours
from keuring_collector.rulepack.source import Source, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


LANGUAGES = ("nl", "en")
TEST_SUFFIX = ".test.yaml"
ARTICLES = "articles"


@dataclass(frozen=True, slots=True, eq=False)
class RulePack:
    """Rules that fit together. ``version`` changes with any rule; ``files`` says where each rule stands, by id."""

    directory: Path
    rules: Mapping[str, Rule]
    by_name: Mapping[str, Rule]
    files: Mapping[str, Path]
    compiled: CompiledPack
    version: str

    def article(self, slug: str, language: str) -> str:
        """The article in Markdown; KeyError when the pack has no such article in that language."""
        if slug not in {rule.article for rule in self.rules.values()}:
            raise KeyError(slug)
        try:
            return article_path(self.directory, slug, language).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise KeyError(slug) from None


def shipped() -> Path:
    """The directory of the pack that comes with Keuring (distribution keuring-rules)."""
    return Path(str(resources.files("keuring_rules")))


def article_path(directory: Path, slug: str, language: str) -> Path:
    """Where an article stands."""
    return directory / ARTICLES / f"{slug}.{language}.md"


def rule_files(directory: Path) -> list[Path]:
    """The rule files of a pack, in a fixed order, and what is called like one. Tests and tables are none."""
    found = (p for p in directory.rglob("*.yaml") if not p.name.endswith(TEST_SUFFIX))
    return sorted(p for p in found if not tables.is_table(directory, p))


def load(
    directory: Path | None = None, place: Calendar | None = None, changed: Mapping[Path, str] = MappingProxyType({})
) -> RulePack:
    """Reads the pack in ``directory`` (None: the shipped one), for a ``place`` with its business hours (None: default).

    ``changed``: rules and articles, as if these texts stood in those files. RulePackError lists all that is wrong.
    """
    directory = shipped() if directory is None else directory
    files = sorted({*rule_files(directory), *(path for path in changed if path.suffix == ".yaml")})
    if not files:
        mend = "name the directory that holds the rule files, or leave it out for the shipped pack"
        raise RulePackError([Problem(directory, 1, "no rules here" if directory.is_dir() else "no directory", mend)])
    problems: list[Problem] = []
    read: list[tuple[Path, Rule, CompiledRule]] = []
    sources: dict[Path, Source] = {}
    known = tables.Tables((directory, shipped()))
    for path in files:
        try:
            source = sources[path] = Source(path, changed.get(path))
            known.fill_in(source)
            rule = validate(source)
            read.append((path, rule, _compile(source, rule)))
            _check_articles(directory, source, rule, changed)
        except RulePackError as error:
            problems += error.problems
    for path, rule, _ in read:
        problems += _duplicates(sources[path], rule, [(p, r) for p, r, _ in read if p < path])
    if problems:
        raise RulePackError(problems)
    judged = [compiled for _, rule, compiled in read if rule.maturity is not Maturity.DEPRECATED]
    # By name, so that the order of rules (and with it of findings) does not depend on folders.
    judged.sort(key=lambda rule: rule.name)
    rules = {rule.id: rule for _, rule, _ in sorted(read, key=lambda item: item[1].name)}
    version = _fingerprint(repr(sorted(repr(rule.model_dump()) for rule in rules.values())))
    return RulePack(
        directory=directory,
        rules=MappingProxyType(rules),
        by_name=MappingProxyType({rule.name: rule for rule in rules.values()}),
        files=MappingProxyType({rule.id: path for path, rule, _ in read}),
        compiled=compile_pack(judged, version, place),
        version=version,
    )


def read_rule(path: Path, text: str | None = None, directory: Path | None = None) -> Rule:
    """The rule in one file, or in ``text`` as if it stood there; with the tables of the pack in ``directory`` (None: of
    the shipped one). RulePackError for what is wrong with it.
    """
    source = Source(path, text)
    tables.Tables((directory or shipped(), shipped())).fill_in(source)
    rule = validate(source)
    _compile(source, rule)
    return rule


def compile_pack(rules: Iterable[CompiledRule], version: str, place: Calendar | None = None) -> CompiledPack:
    """What the engine runs, with the catalogue's precisions, and business hours where a rule keeps to them."""
    judged = tuple(rules)
    precision = {signal.id: signal.precision for signal in catalogue.SIGNALS if signal.precision}
    hours = (place or calendar()) if any(keeps_hours(rule) for rule in judged) else None
    fingerprint = _fingerprint(f"{ENGINE_VERSION}{judged!r}{'' if hours is None else repr(hours)}")
    return CompiledPack(version, fingerprint, judged, MappingProxyType(precision), hours)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def validate(source: Source) -> Rule:
    """The rule in ``source``; RulePackError with a line for everything that does not fit the language."""
    if not isinstance(source.data, dict):
        what = "empty" if source.data is None else "not a rule"
        raise RulePackError([Problem(source.path, 1, what, "begin with 'id: ' and a UUID")])
    try:
        return Rule.model_validate(source.data)
    except ValidationError as error:
        raise RulePackError(problems_of(source, error, Rule, (ROWS, NAME))) from error


def _compile(source: Source, rule: Rule) -> CompiledRule:
    try:
        return compile_rule(rule)
    except Fault as fault:
        raise RulePackError([Problem(source.path, source.line(fault.loc), fault.what, fault.mend)]) from fault


def _check_articles(directory: Path, source: Source, rule: Rule, changed: Mapping[Path, str]) -> None:
    problems = []
    for language in LANGUAGES:
        path = article_path(directory, rule.article, language)
        if path not in changed and not os.path.lexists(path):
            what = f"article '{rule.article}' is missing in {language}"
            problems.append(Problem(source.path, source.line(("article",)), what, f"write {path}"))
        elif path not in changed:
            try:
                text_of(path)
            except RulePackError as error:
                problems += error.problems
    if problems:
        raise RulePackError(problems)


def _duplicates(source: Source, rule: Rule, earlier: Iterable[tuple[Path, Rule]]) -> list[Problem]:
    problems = []
    for path, other in earlier:
        if other.id == rule.id:
            mend = "an id is never used twice: draw a fresh one"
            problems.append(Problem(source.path, source.line(("id",)), f"the id is that of {path} too", mend))
        if other.name == rule.name:
            mend = "give it a name of its own"
            problems.append(Problem(source.path, source.line(("name",)), f"the name is that of {path} too", mend))
    return problems
