"""Every mistake that whoever writes rules can make is told with file, line, what is wrong and what would be right, in
words of our own, and in Dutch too.
"""

from __future__ import annotations

import copy
import os
import re
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

import keuring_collector
from keuring.reasons import Reasons
from keuring_collector.rulepack import RulePackError, drafts, load, tables, trial
from keuring_collector.rulepack.pack import article_path, read_rule, rule_files, shipped
from keuring_collector.rulepack.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring_collector.rulepack.problems import Loc, Problem

# What the libraries and the system say, and what speaks of Python.
FOREIGN: Final = re.compile(
    r"Input should|validation|valid (integer|string|number|list|dict)|Errno|codec|unable to parse|\bdict\b|\bNone\b"
    r"|expected [a'<]|was found|could not|constructor|<block|scalar|Traceback"
)
# One of each kind of thing that YAML can say, for whatever stands somewhere.
KINDS: Final[tuple[object, ...]] = (
    None,
    "",
    "zzz !",
    0,
    -3,
    10**9,
    1.5,
    True,
    [],
    [[1]],
    {},
    {"zzz": 1},
    yaml.safe_load("2026-03-02"),
)
SOME: Final = (None, "zzz !", -3, True, [[1]])
WHOLE: Final = {
    "ticket_from": "soon",
    "applies_to": {"os.type": {"not_in": ["windows"]}},
    "recovery": {"limit": "85 %", "hold": "10m"},
    "worse": [{"limit": "95 %", "severity": "urgent"}],
    "precision_floor": "60 %",
}
FLOORS: Final = [{"signal": "system.memory.utilization", "statistic": "mean", "above": "50 %", "recovery": "40 %"}]
CONDITIONS: Final = {kind: yaml.safe_load(draft.condition) for kind, draft in drafts.DRAFTS.items()} | {
    "threshold": {
        "threshold": {
            "signal": "system.cpu.utilization", "statistic": "mean", "above": "90 %", "hold": "30m", "gap": "2h",
            "hours": "business", "floors": FLOORS,
        }
    },
    "forecast": {
        "forecast": {
            "signal": "keuring.battery.health", "falls_to": "80 %", "within": "90d", "daily": "last",
            "minimum_history": "14d", "maximum_history": "60d", "pace_over": "30d", "latest": "300d", "step": "15 %",
            "confidence": "80 %", "restart_on": "keuring.battery.capacity.design", "identity": "keuring.battery.model",
            "drift": {"per_day": "-0.03 %", "spread": "0.05 %", "restless": "0.5 %", "date": "70 %", "early": "2 %",
                      "late": "200 %", "margin": "45d"},
        }
    },
    "increase": {
        "increase": {"signal": "keuring.system.unclean_shutdown", "by": 2, "within": "30d", "count": "days",
                     "where": {"cause": {"not_in": ["battery"]}}}
    },
    "peer": {
        "peer": {"signal": "hw.fan.speed", "statistic": "mean", "above": 4, "margin": 600, "peers": 10, "over": "7d",
                 "by": ["keuring.hardware.model"], "same_subject": True, "daily": "mean"}
    },
    "unusual": {
        "unusual": {"signal": "system.cpu.utilization", "statistic": "mean", "above": 1.5, "margin": "25 %",
                    "minimum_history": "7d", "hold": "1h"}
    },
    "expires": {
        "expires": {"ahead": "60d", "table": [{"when": {"os.name": "A"}, "date": "2028-06-30", "source": "A"}]}
    },
    "wear": {
        "forecast": {"signal": "keuring.battery.health", "falls_to": "80 %", "within": "90d",
                     "wear": {"cycles": "keuring.battery.cycles", "curves": "battery"}}
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def dutch() -> Reasons:
    package = Path(keuring_collector.__file__).parent
    found = tomllib.loads((package / "console" / "faults_nl.toml").read_text(encoding="utf-8"))
    return Reasons({english: said for table in found.values() for english, said in table.items()})


@pytest.fixture(scope="module")
def rule(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A rule that is right, with every field that a rule may have."""
    path, *_ = drafts.write(tmp_path_factory.mktemp("pack"), "volume_story", "threshold")
    return {**yaml.safe_load(path.read_text(encoding="utf-8")), **WHOLE}


def written(data: object) -> str:
    """As YAML; the fast way, where the library has it."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True, width=10_000))


def places(part: Any, loc: Loc = ()) -> Iterator[Loc]:
    """Where something stands in data of YAML."""
    if isinstance(part, dict | list):
        for key, each in part.items() if isinstance(part, dict) else enumerate(part):
            yield (*loc, key)
            yield from places(each, (*loc, key))


def mistakes(data: dict[str, Any], kinds: tuple[object, ...] = KINDS) -> Iterator[tuple[Loc, dict[str, Any]]]:
    """The same with one thing missing, unknown, or of another kind or size, everywhere."""
    for loc in places(data):
        for change in ("missing", "unknown", *kinds):
            wrong = copy.deepcopy(data)
            part: Any = wrong
            for key in loc[:-1]:
                part = part[key]
            if change == "missing":
                del part[loc[-1]]
            elif change == "unknown":
                if not isinstance(part, dict):
                    continue
                part["zzz"] = part.pop(loc[-1])
            else:
                part[loc[-1]] = change
            yield loc, wrong


def judged(found: list[Problem], text: str, dutch: Reasons) -> None:
    """That each says where, what and how to mend it, in our words."""
    assert found
    lines = text.splitlines()
    for problem in found:
        assert 1 <= problem.line <= max(1, len(lines)), problem
        assert problem.what, problem
        assert problem.mend, problem
        assert not FOREIGN.search(f"{problem.what} {problem.mend}"), problem
        for said in (problem.what, problem.mend):
            assert dutch(said) != said or re.fullmatch(r"write [^ ]+|[0-9d<= a-z_]+<=.*", said), said


def tried(read: Callable[[], object], text: str, dutch: Reasons) -> list[Problem]:
    """What is wrong, judged; nothing: it was right that way too."""
    try:
        read()
    except RulePackError as error:
        judged(list(error.problems), text, dutch)
        return list(error.problems)
    return []


def test_every_field_of_every_condition_missing_unknown_and_of_every_other_kind(
    rule: dict[str, Any], tmp_path: Path, dutch: Reasons
) -> None:
    path, refused = tmp_path / "volume_story.yaml", 0
    met: set[Loc] = set()
    for number, (kind, condition) in enumerate(CONDITIONS.items()):
        plain = {key: each for key, each in rule.items() if key not in ("recovery", "worse")}
        data = {**(rule if kind == "threshold" else plain), "condition": condition}
        text = written(data)
        read_rule(path, text)  # it is right
        # What is about the rule itself is tried with the first.
        tries = mistakes({"condition": condition}, SOME) if number else mistakes(data)
        for loc, wrong in ((loc, data | each) for loc, each in tries):
            text = written(wrong)
            found = tried(lambda text=text: read_rule(path, text), text, dutch)  # type: ignore[misc]
            refused += bool(found)
            met.update((kind, *loc) for _ in found)
            for problem in found:
                assert problem.path == path
                if problem.what.startswith("unknown field 'zzz'"):
                    assert "zzz:" in text.splitlines()[problem.line - 1]
    assert refused > 700
    # Nothing may be what it likes.
    free = {each for kind, each in ((k, (k, *loc)) for k, c in CONDITIONS.items() for loc in places(c))} - {
        (key[0], *key[2:]) for key in met if key[1] == "condition"
    }
    assert free == set()


def test_every_part_of_a_test_and_of_a_table(tmp_path: Path, dutch: Reasons) -> None:
    suite, table = tmp_path / "volume_story.test.yaml", tmp_path / "dates.yaml"
    story = {
        "name": "story", "start": "2026-03-02T00:00:00Z", "window": "1h", "length": "2d", "opened": 0, "silent": False,
        "series": [{"signal": "system.cpu.utilization", "statistic": "mean", "unit": "%", "values": "90x9"}],
        "facts": [{"signal": "os.type", "value": "linux", "at": "1h"}],
        "events": [{"signal": "keuring.system.unclean_shutdown", "at": "1h", "count": 1, "attributes": {"cause": "x"}}],
        "asleep": [{"from": "3h", "to": "4h"}], "restarts": ["5h"],
        "expect": [{"at": "2h", "open": [{"subject": "", "severity": "soon", "expected": {"from": "1d", "to": "2d"}}]}],
    }  # fmt: skip
    rows = [{"version": "12", "date": "2028-06-30", "source": "Debian", "seen": "2026-01-02"}]
    dated = {"products": [{"product": "debian", "when": {"os.name": "Debian"}, "version": "os.version", "rows": rows}]}
    compiled = load().compiled.rules[0]

    def play() -> None:
        for result in trial.run(trial.read(suite), compiled):
            assert isinstance(result.failures, tuple)

    for path, right, read in (
        (suite, {"rule": "volume_story", "tests": [story]}, play),
        (table, dated, lambda: tables.read(table)),
    ):
        path.write_text(written(right), encoding="utf-8")
        read()
        refused = 0
        for _, wrong in mistakes(right, SOME):
            text = written(wrong)
            path.write_text(text, encoding="utf-8")
            refused += bool(tried(read, text, dutch))
        assert refused > 60


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("id: a: b\n", 1, "a second ': ' on one line"),
        ("id: x\nname\nseverity: soon\n", 2, "a line that is no field"),
        ("id: x\nname:\n\tnl: y\n", 3, "a tab"),
        ("id: @x\n", 1, "a sign that no text may begin with"),
        ("id: `x`\n", 1, "a sign that no text may begin with"),
        ("id: 'x\nname: y\n", 1, "a quote that is not closed"),
        ('id: "x\n', 1, "a quote that is not closed"),
        ("id: [a, b\nname: y\n", 1, "a list that is not closed"),
        ("id: {a: 1\nname: y\n", 1, "fields in braces that are not closed"),
        ("id: x\n name: y\n", 2, "a second ': ' on one line"),
        ("  id: x\nname: y\n", 2, "a line that does not go with what stands above it"),
        ("- a\nid: x\n", 2, "a line that stands too far to the left or the right"),
        ("id: - a\n", 1, "a '- ' where no list can begin"),
        ('id: "\\q"\n', 1, "a backslash that means nothing"),
        ('id: "\\xZZ"\n', 1, "a backslash that means nothing"),
        ("id: *x\n", 1, "a text that begins with '*'"),
        ("id: &a x\nname: &a y\n", 2, "a text that begins with '&', twice"),
        ("id: & x\n", 1, "a text that begins with '*' or '&'"),
        ("id: !x y\n", 1, "a text that begins with '!'"),
        ("id: !!python/object:os.system y\n", 1, "a text that begins with '!'"),
        ("id: !<x y\n", 1, "a text that begins with '!'"),
        ("id: >x\n", 1, "a text right behind '>' or '|'"),
        ("id: %x\n", 1, "a sign that no text may begin with"),
        ("%x\nid: y\n", 2, "a line that does not go with what stands above it"),
        ("id: x\n---\nid: y\n", 2, "a second document, behind '---'"),
        ("id: [a, , b]\n", 1, "a value that is not there"),
        ("id: x\nid: y\n", 2, "'id' stands here twice"),
        ("id: x\n? [a]\n: y\n", 2, "a field without a name"),
        ("id: x\n: y\n", 2, "a field without a name"),
        ("id: x\nname: 2026-13-45\n", 2, "there is no such date or number as '2026-13-45'"),
        ("id: x\nname: \x07\n", 2, "the character 0x7 may not stand in it"),
        ("id: " + "[" * 60 + "]" * 60 + "\n", 1, "nested too deeply"),
        ("", 1, "empty"),
        ("# nothing yet\n", 1, "empty"),
        ("just a line\n", 1, "not a rule"),
        ("- a\n- b\n", 1, "not a rule"),
        ("42\n", 1, "not a rule"),
    ],
)
def test_yaml_that_is_none_is_told_in_our_words(
    text: str, line: int, what: str, tmp_path: Path, dutch: Reasons
) -> None:
    path = tmp_path / "volume_story.yaml"
    (problem,) = tried(lambda: read_rule(path, text), text + "\n", dutch)
    assert what in problem.what
    assert problem.line == line, problem


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_what_nests_without_end_is_refused_before_it_ends_the_process(opening: str, tmp_path: Path) -> None:
    with pytest.raises(RulePackError) as told:
        Source(tmp_path / "volume_story.yaml", opening * 100_000)
    assert [(problem.line, problem.what) for problem in told.value.problems] == [(1, "nested too deeply")]


def put(path: Path, kind: str) -> None:
    """What somebody may have put in the place of a text."""
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "nowhere":
        path.symlink_to(path.with_name("nowhere"))
    elif kind == "circle":
        path.symlink_to(path)
    else:
        path.write_bytes(
            {
                "empty": b"",
                "picture": b"id: x\n\x89PNG\r\n\x1a\n\0\0\0",
                "latin": "id: x\nname: café\n".encode("latin-1"),
                "utf16": "id: x\n".encode("utf-16"),
                "large": b"#" * (1 << 20) + b"\n",
                "secret": b"id: x\n",
            }[kind]
        )


THINGS: Final = {
    "folder": (1, "a folder, where a file is meant"),
    "pipe": (1, "no file, but a pipe or a device"),
    "nowhere": (1, "no such file"),
    "circle": (1, "cannot be read ("),
    "empty": (1, "empty"),
    "picture": (4, "the content of a program or picture"),
    "latin": (2, "the byte 0xe9 is no text in UTF-8"),
    "utf16": (1, "text in UTF-16"),
    "large": (1, "larger than 1 MiB"),
    "secret": (1, "may not be read"),
}


@pytest.mark.parametrize("kind", THINGS)
def test_what_is_no_text_in_the_place_of_a_rule_or_article(kind: str, tmp_path: Path, dutch: Reasons) -> None:
    pack = tmp_path / "pack"
    rule, *_ = drafts.write(pack, "volume_story", "threshold")
    article = article_path(pack, load(pack).by_name["volume_story"].article, "nl")
    line, what = THINGS[kind]
    for path in (rule, article):
        if path == article and kind == "empty":
            continue  # lint tells of it that it is short
        before = path.read_bytes()
        put(path, kind)
        with hidden(path, kind):
            (problem,) = tried(lambda: load(pack), "\n" * 40, dutch)
        assert (problem.path, problem.line) == (path, line)
        assert what in problem.what
        path.rmdir() if kind == "folder" else path.unlink()
        path.write_bytes(before)
    assert load(pack).by_name["volume_story"]


@contextmanager
def hidden(path: Path, kind: str) -> Iterator[None]:
    """While a file is secret this process has no right to read it, also when it is root's."""
    if kind != "secret":
        yield
        return
    path.chmod(0)
    account = os.geteuid()
    for folder in path.parents if account == 0 else ():
        if folder.stat().st_mode & 0o55 != 0o55 and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o55)
    if account == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(account)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "dates.yaml"
    path.write_bytes(b"\xef\xbb\xbfproducts: []\n")
    assert Source(path).data == {"products": []}
    assert len(rule_files(shipped())) > 90
