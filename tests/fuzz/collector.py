"""Targets: what else the collector reads that others wrote: rule files, settings, signing requests."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING

import yaml
from hypothesis import strategies as st

from keuring.signals.catalogue import SIGNALS
from keuring_collector import config, rulepack
from keuring_collector.fleet.authority import RequestError, parse_request
from keuring_collector.rulepack.pack import rule_files, shipped
from tests.collector.certificates import new_key, signing_request
from tests.fuzz.target import Target, attempt, folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy


@functools.cache
def _folder(purpose: str) -> Path:
    """A directory of this process for inputs that must be files."""
    made = folder(purpose)
    if purpose == "rules":
        shutil.copytree(shipped() / "articles", made / "articles")
    return made


def swallow_rule(data: bytes) -> None:
    """Loads a pack that has this one rule."""
    where = _folder("rules")
    (where / "rule.yaml").write_bytes(data)
    try:
        pack = rulepack.load(where)
    except rulepack.RulePackError as error:
        problems = list(error.problems)
        assert problems
        for problem in problems:
            assert problem.line >= 1
            assert str(problem)
        return
    assert len(pack.rules) == 1
    assert len(pack.compiled.rules) <= 1


@functools.cache
def _rules() -> Sequence[bytes]:
    return [path.read_bytes() for path in rule_files(shipped())]


def rules() -> SearchStrategy[bytes]:
    """Shipped rules with some of their parts replaced by others, or by anything."""
    known = [yaml.safe_load(data) for data in _rules()]
    words = sorted({str(key) for rule in known for key in rule} | {"threshold", "forecast", "above", "below", "within"})
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from([signal.name for signal in SIGNALS]),
        st.sampled_from(["10 GiB", "90 %", "30m", "14d", "-5 °C", "{machine}", "{", "1e400 GiB", "2024-02-30"]),
    )
    anything = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(words), inner, max_size=3),
        max_leaves=8,
    )

    @st.composite
    def changed(draw: st.DrawFn) -> bytes:
        rule = dict(draw(st.sampled_from(known)))
        for _ in range(draw(st.integers(1, 3))):
            place: object = rule
            # Some way down, replace what is there.
            while isinstance(place, dict) and place:
                key = draw(st.sampled_from(sorted(place, key=str)))
                if isinstance(place[key], dict) and draw(st.booleans()):
                    place[key] = dict(place[key])
                    place = place[key]
                    continue
                if draw(st.integers(0, 4)):
                    place[key] = draw(anything)
                else:
                    del place[key]
                break
        return yaml.safe_dump(rule, allow_unicode=True).encode()

    return changed()


def swallow_settings(data: bytes) -> None:
    """Reads a settings file."""
    where = _folder("settings")
    (where / config.FILE_NAME).write_bytes(data)
    settings, refused = attempt(config.ConfigError, lambda: config.load(where, environment={}))
    if settings is None:
        assert str(where) in refused
        return
    assert settings.data_directory == where
    assert settings.database_url


def _settings() -> Sequence[bytes]:
    return [
        b'public_name = "keuring.example"\nreport_port = 7443\nconsole_tls = true\n',
        b'language = "en"\ndisabled_signals = ["system.uptime"]\ncertificate_days = 7.5\n',
        b'database = "postgresql://keuring:secret@db.example:5432/keuring"\nfreshness = 3600\n',
    ]


def settings_files() -> SearchStrategy[bytes]:
    """Lines with known and unknown names and values of all kinds."""
    values = st.one_of(
        st.integers(-(2**70), 2**70).map(str),
        st.floats(allow_nan=False).map(repr),
        st.sampled_from(
            ["true", "false", '""', '"x"', "[]", '["a"]', "{}", "nan", "inf", "2024-01-01", '"sqlite:///"']
        ),
    )
    names = st.sampled_from([*config.Settings.model_fields, "unknown", "data_directory"])
    lines = st.dictionaries(names, values, max_size=5)
    return lines.map(lambda found: "".join(f"{name} = {value}\n" for name, value in found.items()).encode())


def swallow_signing_request(data: bytes) -> None:
    """Reads a signing request, as enrolment does from anybody who has a token."""
    request, _ = attempt(RequestError, lambda: parse_request(data))
    assert request is None or len(request.digest) == 32


@functools.cache
def _requests() -> Sequence[bytes]:
    return [signing_request(new_key()), signing_request(new_key(), "a machine")]


TARGETS = (
    Target("rule-file", swallow_rule, _rules, rules),
    Target("collector-settings", swallow_settings, _settings, settings_files),
    Target("signing-request", swallow_signing_request, _requests, lambda: st.binary(max_size=600)),
)
