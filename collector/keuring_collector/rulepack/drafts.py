"""`rules new`: a rule to begin with, its test and its articles, all of which work at once and wait to be made true."""

from __future__ import annotations

import re
import textwrap
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_collector.rulepack.pack import ARTICLES, LANGUAGES, TEST_SUFFIX, article_path, rule_files
from keuring_collector.rulepack.problems import Problem, RulePackError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Draft(NamedTuple):
    """A condition as it may be written, a story in which it fires, and one in which it stays silent."""

    condition: str
    fires: str
    silent: str


_USED: Final = '{signal: system.filesystem.utilization, subject: /, unit: "%", values: "VALUES"}'
_LEFT: Final = '{signal: keuring.filesystem.available, subject: /, unit: GiB, values: "VALUES"}'
_SECTORS: Final = '{signal: keuring.smart.reallocated_sectors, subject: sda, values: "VALUES"}'
_HEAT: Final = '{signal: hw.temperature, statistic: mean, subject: cpu, unit: "°C", values: "VALUES"}'
_BOOT: Final = '{signal: keuring.boot.duration, unit: s, values: "VALUES"}'
_PEERS: Final = (
    "facts:\n  - {signal: keuring.hardware.model, value: Model A}\n"
    "peers:\n  - signal: keuring.boot.duration\n    by: {keuring.hardware.model: Model A}\n"
    "    median: 30\n    spread: 5\n    machines: 40\n"
)
_MEMORY: Final = '{signal: system.memory.limit, unit: GiB, values: "VALUES"}'
_BUSY: Final = '{signal: system.cpu.utilization, statistic: mean, unit: "%", values: "VALUES"}'
_PENDING: Final = "{signal: keuring.reboot.pending, value: VALUE}"
_SERVER: Final = "{signal: keuring.hardware.chassis, value: VALUE}"


def _series(line: str, values: str, window: str = "5m") -> str:
    return f"window: {window}\nseries:\n  - {line.replace('VALUES', values)}\n"


def _facts(*lines: str, length: str = "2h") -> str:
    return f"length: {length}\nfacts:\n" + "".join(f"  - {line}\n" for line in lines)


DRAFTS: Final[dict[str, Draft]] = {
    "threshold": Draft(
        "threshold: {signal: system.filesystem.utilization, above: 90 %, hold: 30m}",
        _series(_USED, "95x20"),
        _series(_USED, "85x20"),
    ),
    "forecast": Draft(
        "forecast: {signal: system.filesystem.utilization, rises_to: 98 %, within: 30d, minimum_history: 14d}",
        _series(_USED, "60+0.25x160", "6h"),
        _series(_USED, "60x160", "6h"),
    ),
    "trend": Draft(
        "trend: {signal: hw.temperature, statistic: mean, rising_by: 2 °C, per: 7d}",
        _series(_HEAT, "40+0.25x60", "12h"),
        _series(_HEAT, "40x60", "12h"),
    ),
    "jump": Draft(
        "jump: {signal: system.memory.limit, falling_by: 3 GiB, lasting: 1d}",
        _series(_MEMORY, "16x40 8x20", "6h"),
        _series(_MEMORY, "16x60", "6h"),
    ),
    "peer": Draft(
        "peer: {signal: keuring.boot.duration, above: 4, margin: 20s, by: [keuring.hardware.model]}",
        _series(_BOOT, "60x20", "12h") + _PEERS,
        _series(_BOOT, "35x20", "12h") + _PEERS,
    ),
    "unusual": Draft(
        "unusual: {signal: system.cpu.utilization, statistic: mean, above: 1.5, margin: 25 %, minimum_history: 7d}",
        _series(_BUSY, "10x200 90x5", "1h"),
        _series(_BUSY, "10x200 30x5", "1h"),
    ),
    "increase": Draft(
        "increase: {signal: keuring.smart.reallocated_sectors, by: 8, within: 30d}",
        _series(_SECTORS, "100x4 110x20", "6h"),
        _series(_SECTORS, "100x40", "6h"),
    ),
    "expires": Draft(
        "expires: {signal: keuring.os.support_end, ahead: 60d}",
        _facts('{signal: keuring.os.support_end, value: "2026-04-01"}'),
        _facts('{signal: keuring.os.support_end, value: "2029-04-01"}'),
    ),
    "age": Draft(
        "age: {signal: keuring.updates.last_installed, over: 45d}",
        _facts("{signal: keuring.updates.last_installed, value: 50d}"),
        _facts("{signal: keuring.updates.last_installed, value: 5d}"),
    ),
    "state": Draft(
        "state: {signal: keuring.reboot.pending, equals: true, hold: 1h}",
        _facts(_PENDING.replace("VALUE", "true")),
        _facts(_PENDING.replace("VALUE", "false")),
    ),
    "all": Draft(
        "all:\n"
        "  - threshold: {signal: system.filesystem.utilization, above: 90 %, hold: 0}\n"
        "  - threshold: {signal: keuring.filesystem.available, below: 20 GiB, hold: 0}",
        _series(_USED, "95x20") + f"  - {_LEFT.replace('VALUES', '10x20')}\n",
        _series(_USED, "95x20") + f"  - {_LEFT.replace('VALUES', '100x20')}\n",
    ),
    "any": Draft(
        "any:\n"
        "  - threshold: {signal: system.filesystem.utilization, above: 95 %, hold: 0}\n"
        "  - threshold: {signal: keuring.filesystem.available, below: 5 GiB, hold: 0}",
        _series(_LEFT, "3x20"),
        _series(_LEFT, "30x20"),
    ),
    "not": Draft(
        "not:\n  state: {signal: keuring.hardware.chassis, in: [laptop, tablet]}",
        _facts(_SERVER.replace("VALUE", "server")),
        _facts(_SERVER.replace("VALUE", "laptop")),
    ),
    "risk": Draft(
        "risk:\n"
        "  at_least: 3\n"
        "  points:\n"
        "    - when: {threshold: {signal: keuring.smart.pending_sectors, above: 0, hold: 0}}\n"
        "      points: 1\n"
        '      why: {nl: "Er wachten sectoren op vervanging", en: "Sectors are waiting to be replaced"}\n'
        "    - when: {increase: {signal: keuring.smart.reallocated_sectors, by: 1, within: 7d}}\n"
        "      points: 2\n"
        '      why: {nl: "Deze week zijn er sectoren vervangen", en: "Sectors were replaced this week"}',
        _series(_SECTORS, "0x4 5x10", "6h")
        + '  - {signal: keuring.smart.pending_sectors, subject: sda, values: "2x14"}\n',
        _series(_SECTORS, "5x20", "6h") + '  - {signal: keuring.smart.pending_sectors, subject: sda, values: "2x20"}\n',
    ),
}

_RULE: Final = """\
# Change what stands here until `rules lint` and `rules test` are content; docs/writing-rules.md explains each field.
id: {id}
name: {name}
maturity: experimental  # judged and counted, opens no ticket; `test` when its tests are good, `stable` when proven
severity: watch  # tip, watch, soon, urgent
cause: {slug}  # findings of one cause on one machine are one ticket
skill: workplace
condition:
{condition}
title:
  nl: "{words} op {{machine}}"
  en: "{words} on {{machine}}"
advice:
  nl: "Kijk samen met {{colleague}} wat er aan de hand is."
  en: "Look together with {{colleague}} at what is going on."
say:
  nl: "We zagen iets aan je computer waar we graag naar kijken voordat je er last van hebt."
  en: "We saw something about your computer that we would like to look at before it hinders you."
article: {slug}
inspection: {{item: {slug}, advice: watch, fail: urgent}}
privacy: Say for which purpose the signals are used here.
evidence:
  - Say why this threshold, and how you know.
"""
_TESTS: Final = """\
rule: {name}
tests:
  - name: fires
{fires}    opened: 1
  - name: stays silent
{silent}    silent: true
"""
_ARTICLE: Final = {
    "nl": """\
# {words}

Wat je ziet, waardoor het komt, en wat je eraan doet. Begin met de eerste stap: wat de collega of jij nu kunt doen.
Daarna pas de uitleg, kort en in gewone woorden, zodat iemand het met de machine erbij kan volgen.
""",
    "en": """\
# {words}

What you see, what causes it, and what to do about it. Begin with the first step: what the colleague or you can do now.
The explanation comes after it, short and in plain words, so that it can be followed with the machine at hand.
""",
}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")


def write(directory: Path, name: str, kind: str, folder: str = "") -> list[Path]:
    """Writes a draft of a rule into the pack in ``directory``; returns the files. RulePackError: it cannot be."""
    files = dict(_files(directory, name, kind, folder))
    for path in files:
        if path.exists():
            raise RulePackError([Problem(path, 1, "there is such a file already", "choose another name")])
    if any(path.stem == name for path in rule_files(directory)):
        raise RulePackError([Problem(directory, 1, f"there is a rule '{name}' already", "choose another name")])
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def text(name: str, kind: str = "threshold") -> str:
    """The text of a draft of a rule, with an id of its own."""
    return next(iter(_files(Path(), name, kind, "")))[1]


def articles(directory: Path, slug: str) -> dict[Path, str]:
    """Drafts of the articles of that name which the pack in ``directory`` does not have yet."""
    words = slug.replace("-", " ").capitalize()
    found = {article_path(directory, slug, language): _ARTICLE[language].format(words=words) for language in LANGUAGES}
    return {path: told for path, told in found.items() if not path.exists()}


def _files(directory: Path, name: str, kind: str, folder: str) -> Iterator[tuple[Path, str]]:
    if not _NAME.fullmatch(name):
        mend = "write small letters, digits and underscores: subject_condition"
        raise RulePackError([Problem(directory, 1, f"'{name}' is no name for a rule", mend)])
    if not re.fullmatch(r"[a-z0-9_-]*", folder) or folder == ARTICLES:
        raise RulePackError([Problem(directory, 1, f"'{folder}' is no folder for rules", "write one small word")])
    draft, slug, words = DRAFTS[kind], name.replace("_", "-")[:50].rstrip("-"), name.replace("_", " ").capitalize()
    place = directory / (folder or name.split("_", 1)[0])
    told = {"id": uuid.uuid4(), "name": name, "slug": slug, "words": words}
    yield place / f"{name}.yaml", _RULE.format(condition=textwrap.indent(draft.condition, "  "), **told)
    fires, silent = (textwrap.indent(story, "    ") for story in (draft.fires, draft.silent))
    yield place / f"{name}{TEST_SUFFIX}", _TESTS.format(name=name, fires=fires, silent=silent)
    yield from articles(directory, slug).items()
