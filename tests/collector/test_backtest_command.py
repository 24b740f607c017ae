"""`keuring-collector backtest`: from the command line to the answer."""

from __future__ import annotations

import io
import json
import shutil
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import WritePath
from keuring_collector.rulepack import load, shipped
from keuring_collector.store import open_store
from tests.collector.certificates import NOW
from tests.collector.command import complaint, keuring_here, ok
from tests.collector.django_database import pointed_at, set_up_django
from tests.collector.reports import report

set_up_django()

from keuring_collector.fleet.models import Department, Endpoint  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

pytestmark = pytest.mark.long

GIB = 2**30
FREE = ("keuring.filesystem.available", "last", "/")
SHARE = ("system.filesystem.utilization", "last", "/")
HOUR = 3600
DAYS = 24
RULE = shipped() / "storage" / "volume_nearly_full.yaml"
# {machine: (department, model, days with little space left, GiB then)}
FLEET = {
    "LT-1": ("Finance", "Latitude 5520", range(5, 8), 10),
    "LT-2": ("Finance", "Latitude 5520", range(0), 0),
    "LT-3": ("Law", "X1 Carbon", range(20, 99), 9),
    "LT-4": ("Law", "X1 Carbon", range(12, 15), 17),
    **{f"WS-{number}": ("Law", "Tower", range(0), 0) for number in range(1, 17)},
}


def fill(url: str, days: int = DAYS) -> float:
    """Reports by the hour, up to the last whole day; returns when that ended."""
    end = time.time() // 86400 * 86400
    with pointed_at(url):
        departments = {name: Department.objects.create(name=name) for name in ("Finance", "Law")}
        endpoints = {
            name: Endpoint.objects.create(host_name=name, department=departments[department], enrolled_at=NOW).pk
            for name, (department, *_) in FLEET.items()
        }
    path = WritePath(url, load())
    for number in range(1, days * 24 + 1):
        at = end - (days * 24 - number) * HOUR
        batch = []
        for name, (_, model, full, left) in FLEET.items():
            if name.startswith("WS") and number % 24 != 12:
                continue
            sequence = (number + 12) // 24 if name.startswith("WS") else number
            free = left if (number - 1) // 24 in full else 200
            facts = {("keuring.filesystem.type", "/"): "ext4", ("keuring.hardware.model", ""): model}
            values = {FREE: free * GIB, SHARE: 0.97 if free < 20 else 0.5}
            message = report(sequence, at, values, duration=HOUR, facts=facts if sequence == 1 else {})
            batch.append(Received(endpoints[name], message, at + 2, at + 2))
        path.write(batch)
    path.close()
    return end


@pytest.fixture(scope="module")
def filled(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collector with a small fleet behind it; not to be changed."""
    directory = tmp_path_factory.mktemp("backtest") / "data"
    shutil.copytree(initialised, directory)
    fill(f"sqlite:///{directory / 'keuring.sqlite3'}")
    return directory


def data(directory: Path, *arguments: str, **settings: str) -> dict[str, Any]:
    told = ok(keuring_here(directory, "backtest", *arguments, "--format", "json", "--jobs", "1", **settings))
    answer: dict[str, Any] = json.loads(told)
    return answer


def variant(tmp_path: Path, **changes: tuple[str, str]) -> str:
    """A version of the rule that is not saved."""
    text = RULE.read_text(encoding="utf-8")
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "try.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_saved_rule_is_told_on_a_terminal(filled: Path) -> None:
    text = ok(keuring_here(filled, "backtest", "volume_nearly_full", "--jobs", "1"))
    assert "history: raw windows from" in text
    assert "daily points" not in text
    assert "volume_nearly_full (stable, urgent, cause volume-space)" in text
    assert "2 tickets on 2 machines" in text
    assert "20 of 20 machines" in text
    assert "LT-1" in text
    assert "LT-4" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_answer_as_data_says_when_and_where(filled: Path) -> None:
    answer = data(filled, "volume_nearly_full")
    (rule,) = answer["rules"]
    assert rule["saved"]
    assert rule["opens_tickets"]
    assert (rule["tickets"]["opened"], rule["tickets"]["open_at_end"], rule["tickets"]["at_start"]) == (2, 1, 0)
    assert sum(week["opened"] for week in rule["weeks"]) == 2
    assert {row["name"]: row["tickets"] for row in rule["departments"]} == {"Finance": 1, "Law": 1}
    assert {row["name"]: row["machines"] for row in rule["models"]} == {"Latitude 5520": 2, "X1 Carbon": 2, "Tower": 16}
    first, second = rule["list"]
    assert (first["machine"], first["subjects"], first["severity"]) == ("LT-1", ["/"], "urgent")
    assert (first["closed"] is None, second["closed"] is None) == (False, True)
    assert answer["comparison"] is None


def test_a_file_that_is_not_saved_is_tried_and_compared(filled: Path, tmp_path: Path) -> None:
    path = variant(tmp_path, limit=("below: 15 GiB", "below: 18 GiB"), recovery=("limit: 18 GiB", "limit: 20 GiB"))
    answer = data(filled, path, "--against", "volume_nearly_full")
    first, second = answer["rules"]
    assert (first["saved"], second["saved"]) == (False, True)
    assert (first["tickets"]["opened"], second["tickets"]["opened"]) == (3, 2)
    compared = answer["comparison"]
    assert (compared["both"], compared["only_first"], compared["only_second"]) == (2, 1, 0)
    (alone,) = [pair for pair in compared["pairs"] if pair["second"] is None]
    assert alone["machine"] == "LT-4"
    assert alone["first"].startswith("20")
    text = ok(keuring_here(filled, "backtest", path, "--against", "volume_nearly_full", "--jobs", "1"))
    assert "A and B: 2 tickets by both, 1 by A alone, 0 by B alone" in text
    assert "try.yaml, not saved" in text


def test_a_broken_file_is_told_with_its_line(filled: Path, tmp_path: Path) -> None:
    told = complaint(keuring_here(filled, "backtest", variant(tmp_path, limit=("below: 15 GiB", "below: 15 parrots"))))
    assert "try.yaml:" in told
    assert "parrots" in told
    assert "there is no such file" in complaint(keuring_here(filled, "backtest", str(tmp_path / "none.yaml")))
    assert "did you mean 'volume_nearly_full'" in complaint(keuring_here(filled, "backtest", "volume_nearly_ful"))


def test_where_chooses_machines(filled: Path) -> None:
    def opened(*filters: str) -> tuple[int, int]:
        options = [word for each in filters for word in ("--where", each)]
        answer = data(filled, "volume_nearly_full", *options)
        return answer["history"]["machines"], answer["rules"][0]["tickets"]["opened"]

    assert opened("department=finance") == (2, 1)
    assert opened("department=Law", "model=X1 Carbon") == (2, 1)
    assert opened('keuring.hardware.model="Latitude 5520"') == (2, 1)
    assert opened("machine=LT-1", "machine=LT-3") == (2, 2)
    assert opened("model!=Tower") == (4, 2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--where", "department"), "write NAME=VALUE"),
        (("--where", "departmnt=Law"), "did you mean 'department'?"),
        (("--where", "department=Lew"), "no machine is so; did you mean 'Law'?"),
        (("--where", "keuring.filesystem.type=ext4"), "is no fact of a machine"),
        (("--since", "yesterday"), "neither a date nor a length of time"),
        (("--since", "2026-02-31"), "write a date such as"),
        (("--since", "1d", "--until", "9d"), "turn them round"),
        (("--jobs", "0"), "write a number from 1"),
        (("--horizon", "soon"), "no length of time"),
    ],
)
def test_a_question_that_cannot_be_is_told(filled: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in complaint(keuring_here(filled, "backtest", "volume_nearly_full", *arguments))


def test_a_period_counts_from_its_begin(filled: Path) -> None:
    answer = data(filled, "volume_nearly_full", "--since", "10d")
    (rule,) = answer["rules"]
    assert [each["machine"] for each in rule["list"]] == ["LT-3"]
    assert rule["tickets"]["at_start"] == 0
    # In the midst of it, it stood already.
    (rule,) = data(filled, "volume_nearly_full", "--since", "2d")["rules"]
    assert (rule["tickets"]["opened"], rule["tickets"]["at_start"]) == (1, 1)
    until = data(filled, "volume_nearly_full", "--until", "6d")
    assert [each["machine"] for each in until["rules"][0]["list"]] == ["LT-1"]


def test_processes_that_share_the_work_say_the_same(filled: Path) -> None:
    one, two = (
        ok(keuring_here(filled, "backtest", "volume_nearly_full", "--format", "json", "--jobs", jobs))
        for jobs in ("1", "2")
    )
    assert one == two


@pytest.mark.parametrize(("kind", "missed"), [("ext4", ["LT-1", "LT-3"]), ("ntfs", [])])
def test_what_a_rule_does_not_apply_to_it_does_not_miss(
    filled: Path, tmp_path: Path, kind: str, missed: list[str]
) -> None:
    text = RULE.read_text(encoding="utf-8")
    begin, end = text.index("applies_to:"), text.index("condition:")
    text = f"{text[:begin]}applies_to: {{keuring.filesystem.type: {kind}}}\n{text[end:]}"
    path = tmp_path / "volume_never_full.yaml"
    text = text.replace("below: 15 GiB", "below: 1 GiB").replace("limit: 3 GiB", "limit: 0.5 GiB")
    text = text.replace(text.splitlines()[0], "id: 5a9f6c1e-20c1-4a9b-9a1f-3f0f2f1c9d11")
    path.write_text(text.replace("volume_nearly_full", "volume_never_full"), encoding="utf-8")
    (rule,) = data(filled, str(path))["rules"]
    assert [each["machine"] for each in rule["missed"]] == missed


def test_incidents_are_held_against_tickets(filled: Path, tmp_path: Path) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86400))
    path = tmp_path / "incidents.csv"
    path.write_text(
        f"machine,cause,date\nlt-3,volume-space,{day}\nLT-2,volume-space,{day}\nLT-2,heat,{day}\nPC-9,volume-space,{day}\n",
        encoding="utf-8",
    )
    finished = keuring_here(
        filled, "backtest", "volume_nearly_full", "--incidents", str(path), "--format", "json", "--jobs", "1"
    )
    (rule,) = json.loads(ok(finished))["rules"]
    assert "1 incidents of machines that are not known here" in finished.stderr
    assert [(each["machine"], each["kind"]) for each in rule["missed"]] == [("LT-2", "incident")]
    hit = next(each for each in rule["list"] if each["machine"] == "LT-3")
    assert (hit["result"], hit["because"]) == ("hit", "incident")
    assert 1 < hit["lead_days"] < 3
    assert rule["lead"]["count"] == 1
    path.write_text("machine,cause,date\nLT-3,volume-space,soon\n", encoding="utf-8")
    told = complaint(keuring_here(filled, "backtest", "volume_nearly_full", "--incidents", str(path)))
    assert "incidents.csv:2: 'soon' is no date" in told
    path.write_text("machine,date\n", encoding="utf-8")
    told = complaint(keuring_here(filled, "backtest", "volume_nearly_full", "--incidents", str(path)))
    assert "no column 'cause'" in told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = keuring_here(filled, "backtest", "volume_nearly_full", "--jobs", "1")
    assert quiet.stderr == ""
    monkeypatch.setattr("tests.collector.command.io.StringIO", Terminal)
    shown = keuring_here(filled, "backtest", "volume_nearly_full", "--jobs", "1")
    assert "machines: 20 of 20 (100%)" in shown.stderr
    assert shown.stdout == quiet.stdout


def test_damaged_history_is_told(filled: Path, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    shutil.copytree(filled, directory)
    url = f"sqlite:///{directory / 'keuring.sqlite3'}"
    store = open_store(url)
    store.compact(time.time() + 9 * 86400, journal_days=1)
    store.connection.execute("UPDATE history SET block = ? WHERE signal_id = 0 AND endpoint_id = 1", (b"nonsense",))
    store.close()
    told = complaint(keuring_here(directory, "backtest", "volume_nearly_full"))
    assert "frame of" in told
    assert "restore a backup" in told


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.language: str | None = ""
        self.scopes = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        found = dict(attributes)
        self.scopes += "scope" in found
        assert not {"src", "href"} & set(found)
        if tag == "html":
            self.language = found["lang"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(("language", "word"), [("en", "The machines"), ("nl", "Per afdeling")])
def test_the_page_stands_on_its_own(filled: Path, tmp_path: Path, language: str, word: str) -> None:
    path = variant(tmp_path, limit=("below: 15 GiB", "below: 18 GiB"), recovery=("limit: 18 GiB", "limit: 20 GiB"))
    options = ("--against", "volume_nearly_full", "--format", "html", "--language", language, "--jobs", "1")
    text = ok(keuring_here(filled, "backtest", path, *options))
    page = Page(text)
    assert page.open == []
    assert page.language == language
    assert word in text
    assert "LT-4" in text
    assert "prefers-color-scheme: dark" in text
    assert page.tags.count("caption") == page.tags.count("table") > 5
    assert page.scopes > 20
    assert not {"script", "link", "img"} & set(page.tags)
    assert "://" not in text


def test_the_texts_are_there_in_both_languages() -> None:
    from keuring_collector.rulepack.backtest.texts import TEXTS

    assert set(TEXTS["en"]) == set(TEXTS["nl"])


def test_daily_points_stand_in_and_that_is_said(migrated_url: str, initialised: Path) -> None:
    end = fill(migrated_url)
    store = open_store(migrated_url)
    store.compact(end + 3 * 86400, journal_days=2)
    store.purge(end, raw_days=10, daily_days=400)
    store.close()
    answer = data(initialised, "volume_nearly_full", database=migrated_url)
    history, (rule,) = answer["history"], answer["rules"]
    assert history["daily_points"] == 14 * 20
    assert history["text"].endswith("on, daily points before that")
    assert history["machines_with_guessed_times"] == 0
    # A day is told by its last value: three days with little left open the ticket at the end of the first.
    assert [(each["machine"], each["at_start"]) for each in rule["list"]] == [("LT-1", False), ("LT-3", False)]
    text = ok(keuring_here(initialised, "backtest", "volume_nearly_full", "--jobs", "1", database=migrated_url))
    assert "daily points before that" in text


def test_a_collector_without_machines_says_so(initialised: Path) -> None:
    assert "no machine has enrolled" in complaint(keuring_here(initialised, "backtest", "volume_nearly_full"))
