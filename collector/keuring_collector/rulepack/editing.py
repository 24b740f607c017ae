"""A rule as a text that somebody changes: what is wrong with it, and putting it into a pack, never a broken one."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from keuring_collector.rulepack import drafts, pack, trial
from keuring_collector.rulepack.problems import Problem, RulePackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.engine.compiled import Calendar
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.pack import RulePack

NEW = "rule.yaml"  # what a rule that has no file yet is called in what is said about it


def text_of(found: RulePack, name: str) -> str:
    """The rule of that name as it is written; KeyError when there is none."""
    return found.files[found.by_name[name].id].read_text(encoding="utf-8")


def check(found: RulePack, text: str, name: str = "") -> Rule:
    """The rule in ``text``, written to replace the one called ``name``, or to be new among those of the pack.

    RulePackError lists what is wrong with it.
    """
    file = found.files[found.by_name[name].id] if name in found.by_name else found.directory / NEW
    rule = pack.read_rule(file, text, found.directory)
    same, called = found.rules.get(rule.id), found.by_name.get(rule.name)
    problems = []
    if same is not None and same.name != rule.name:
        what, mend = f"the id is that of '{same.name}'", f"write name: {same.name}, or draw a fresh id for another rule"
        problems.append(Problem(file, _line(text, "name"), what, mend))
    elif called is not None and called.id != rule.id:
        mend = f"write id: {called.id}, or give it a name of its own"
        problems.append(Problem(file, _line(text, "id"), f"there is a rule '{rule.name}' with another id", mend))
    if problems:
        raise RulePackError(problems)
    return rule


def _line(text: str, field: str) -> int:
    return next((n for n, line in enumerate(text.splitlines(), 1) if line.startswith(f"{field}:")), 1)


def writable(directory: Path | None) -> bool:
    """Whether this process may change the pack in ``directory``; never the shipped one (None)."""
    return directory is not None and directory.is_dir() and os.access(directory, os.W_OK)


def save(directory: Path, text: str, before: str, place: Calendar | None = None) -> Path:
    """Puts the rule in ``text`` into the pack, whole or not at all; returns its file.

    ``before`` is what the file held when somebody began to change it, empty for a rule that is new. RulePackError: the
    file changed meanwhile, the pack would be broken, or a test of the rule would fail. OSError: it cannot be written.
    """
    found = pack.load(directory, place)
    rule = check(found, text)
    file = found.files.get(rule.id) or directory / rule.name.split("_", 1)[0] / f"{rule.name}.yaml"
    if (file.read_text(encoding="utf-8") if file.exists() else "") != before:
        raise RulePackError([Problem(file, 1, "the file changed meanwhile", "try your change on what it holds now")])
    articles = drafts.articles(directory, rule.article)
    then = pack.load(directory, place, {file: text, **articles})
    problems = list(_tests(then, rule, file, text))
    if problems:
        raise RulePackError(problems)
    for path, told in {**articles, file: text}.items():
        _write(path, told)
    return file


def _tests(then: RulePack, rule: Rule, file: Path, text: str) -> Iterator[Problem]:
    """What the tests beside the rule say of it."""
    if not rule.maturity.opens_tickets:
        return
    path = trial.test_path(file)
    if not path.is_file():
        mend = f"write {path.name}, or make it experimental"
        yield Problem(file, _line(text, "maturity"), "a rule that opens tickets needs tests", mend)
        return
    compiled = next(each for each in then.compiled.rules if each.id == rule.id)
    for result in trial.run(trial.read(path), compiled):
        for failure in result.failures:
            mend = "change the test where it is wrong now, or make the rule experimental"
            yield Problem(result.path, result.line, f"{result.name}: {failure}", mend)


def _write(path: Path, text: str) -> None:
    """Writes a file that others may read at any moment: they see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")  # no rule to whoever reads the pack meanwhile
    try:
        with draft.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
