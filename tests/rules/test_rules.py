"""Every shipped rule plays the tests that stand beside it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from keuring_collector import rulepack
from keuring_collector.rulepack import trial

if TYPE_CHECKING:
    from keuring_collector.rulepack import RulePack


@lru_cache(maxsize=1)
def pack() -> RulePack:
    return rulepack.load()


def suites() -> list[tuple[str, trial.Suite]]:
    return [(rule.name, trial.read(trial.test_path(pack().files[rule.id]))) for rule in pack().rules.values()]


@pytest.mark.parametrize(("name", "suite"), suites(), ids=[name for name, _ in suites()])
def test_rule_finds_what_its_tests_expect(name: str, suite: trial.Suite) -> None:
    compiled = next(rule for rule in pack().compiled.rules if rule.name == name)
    failures = [f"{r.path.name}:{r.line} {r.name}: {f}" for r in trial.run(suite, compiled) for f in r.failures]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(("name", "suite"), suites(), ids=[name for name, _ in suites()])
def test_rule_proves_that_it_fires_and_that_it_stays_silent(name: str, suite: trial.Suite) -> None:
    assert suite.content.rule == name
    assert any(any(e.open for e in test.expect) for test in suite.content.tests)
    assert any(test.silent for test in suite.content.tests)
