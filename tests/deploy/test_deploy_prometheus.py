"""deploy/prometheus: valid, every alert shown firing and silent, and nothing asks for a metric that is not there."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from keuring_collector import metrics  # noqa: F401 - declares what the processes count
from keuring_collector.exporter.families import families
from keuring_collector.exporter.inventory import SPECIMEN
from tests.deploy import promql
from tests.programs import find_program

TESTS = sorted((promql.PROMETHEUS / "tests").glob("*.yml"))
ALERTS = promql.rules("alert")
RECORDED = promql.rules("record")


def promtool(*arguments: str) -> None:
    program = find_program("promtool")
    assert program is not None
    finished = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def told() -> set[str]:
    """Every name of a sample that the exporter gives."""
    names = {sample.name for family in families(SPECIMEN, True, SPECIMEN.read_at) for sample in family.samples}
    for family in REGISTRY.collect():
        if family.name.startswith("keuring_"):
            endings = {
                "counter": ("_total",),
                "histogram": ("_bucket", "_sum", "_count"),
                "gauge": ("",),
            }[family.type]
            names |= {family.name + ending for ending in endings}
    return names


@pytest.mark.needs("promtool")
def test_the_configuration_is_valid() -> None:
    promtool("check", "config", str(promql.PROMETHEUS / "prometheus.yml"))
    promtool("check", "rules", *map(str, sorted((promql.PROMETHEUS / "rules").glob("*.yml"))))


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_and_stay_silent(path: Any) -> None:
    promtool("test", "rules", str(path))


def test_every_alert_has_a_test_that_fires_and_one_that_stays_silent() -> None:
    firing: set[str] = set()
    silent: set[str] = set()
    for path in TESTS:
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for test in case["alert_rule_test"]:
                (firing if test["exp_alerts"] else silent).add(test["alertname"])
                if not test["exp_alerts"]:
                    assert case["input_series"], f"{case['name']}: silence without any data proves nothing"
    assert firing == set(ALERTS)
    assert silent == set(ALERTS)


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    for name, alert in ALERTS.items():
        assert re.fullmatch(r"Keuring[A-Z][A-Za-z]+", name)
        assert alert["labels"]["severity"] in ("critical", "warning", "info"), name
        assert set(alert["annotations"]) == {"summary", "description"}, name
        assert alert["annotations"]["summary"].endswith("."), name
        assert len(alert["annotations"]["description"]) > 40, name


def test_recorded_names_say_level_metric_and_operation() -> None:
    for name in RECORDED:
        assert re.fullmatch(r"keuring:[a-z0-9_]+:[a-z0-9_]+", name), name


def test_rules_and_dashboards_ask_only_for_what_is_told() -> None:
    known = told() | set(RECORDED)
    expressions = {name: rule["expr"] for name, rule in (ALERTS | RECORDED).items()} | dict(promql.queries())
    unknown = {where: promql.metrics_in(text) - known for where, text in expressions.items()}
    assert {where: names for where, names in unknown.items() if names} == {}
    for where, text in expressions.items():
        assert promql.metrics_in(text) or "up{" in text, f"{where} asks for nothing of ours"


def test_every_recorded_series_is_used() -> None:
    expressions = [rule["expr"] for rule in (ALERTS | RECORDED).values()] + [text for _, text in promql.queries()]
    used = set().union(*map(promql.metrics_in, expressions))
    assert set(RECORDED) - used == set()


def test_no_metric_has_a_label_that_prometheus_sets_itself() -> None:
    own = [family for family in REGISTRY.collect() if family.name.startswith("keuring_")]
    for family in [*own, *families(SPECIMEN, True, SPECIMEN.read_at)]:
        for sample in family.samples:
            assert not {"job", "instance"} & set(sample.labels), sample.name


def test_names_end_in_their_unit() -> None:
    for name in told():
        assert re.fullmatch(r"keuring_[a-z0-9_]+", name)
        assert not re.search(r"_(ms|millis|minutes|hours|days|kb|mb|percent)(_|$)", name), name
