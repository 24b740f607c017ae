"""What the desk tells a colleague: kept clean, listed, and answered without a name; shown: test_agent_messenger.py."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring.report.v1 import report_pb2
from keuring_agent import cli, notices, pause, sending, state, wire
from keuring_agent.config import Settings
from keuring_agent.errors import AgentError
from keuring_agent.host.fake import FakeHost
from keuring_agent.language import Language
from keuring_agent.notices import Notice, Owed
from keuring_agent.window import WindowReport
from tests.agent.examples import quick

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.collector import Collector

NOW = 1_700_000_000.0
TIP = Notice("tip-1", notices.TIP, {"nl": "Sneller", "en": "Faster"}, {"nl": "Zo.", "en": "Thus."}, "", 0.0, NOW)
NEWS = TIP._replace(notice_id="news-1", kind=notices.ANNOUNCEMENT, titles={"en": "No Wi-Fi"}, bodies={})


# --- what comes from the collector


def message(identity: str = "tip-1", kind: int = 2, title: str = "Faster", body: str = "Thus.", link: str = "") -> Any:
    return report_pb2.Notice(
        notice_id=identity, kind=report_pb2.NoticeKind.ValueType(kind), titles={"en": title, "fr": "Plus vite"},
        bodies={"en": body}, link=link,
    )  # fmt: skip


def test_only_plain_text_in_known_languages_is_left_of_a_notice() -> None:
    hostile = "Fas\nter \x1b[31m\u202e\u200b" + "x" * 200
    found = notices.understood(message(title=hostile, body="y" * 1000, link="https://desk.example/a"), NOW)
    assert found is not None
    assert found.titles == {"en": ("Fas ter [31m" + "x" * 200)[:80]}
    assert found.bodies == {"en": "y" * 400}
    assert found.link == "https://desk.example/a"
    assert (found.expires, found.received, found.declined, found.told) == (0.0, NOW, False, "")


@pytest.mark.parametrize(
    "wrong", [message(identity="../x"), message(identity=""), message(identity="x" * 65), message(kind=0),
              message(kind=7), message(title="\u202e"), message(title="")]
)  # fmt: skip
def test_what_cannot_be_shown_is_left_out(wrong: report_pb2.Notice) -> None:
    assert notices.understood(wrong, NOW) is None


@pytest.mark.parametrize(
    "link", ["http://desk.example", "file:///etc/passwd", "javascript:x", "https://a b", "https://" + "x" * 200]
)
def test_an_address_that_is_none_is_left_out(link: str) -> None:
    found = notices.understood(message(link=link), NOW)
    assert found is not None
    assert found.link == ""


@quick
@given(st.text(max_size=500), st.text(max_size=1000), st.text(max_size=300))
def test_no_notice_forges_a_line(title: str, body: str, link: str) -> None:
    told = message(title=title, body=body, link=link)
    found = notices.understood(told, NOW)
    for line in notices.lines([found] if found else [], Language("en")):
        assert len(line) < 600
        assert not set("\n\r\x1b\u202e\u2028") & set(line)


# --- kept in the state directory


def test_kept_once_forgotten_when_over_and_never_too_many(tmp_path: Path) -> None:
    notices.keep(tmp_path, [TIP, NEWS._replace(expires=NOW + 60)], Owed(), NOW)
    notices.keep(tmp_path, [TIP], Owed(), NOW + 1)
    assert [notice.notice_id for notice in notices.load(tmp_path, NOW + 1)] == ["news-1", "tip-1"]
    assert [notice.notice_id for notice in notices.load(tmp_path, NOW + 61)] == ["tip-1"]
    assert notices.load(tmp_path, NOW + 91 * 86400) == []
    many = [TIP._replace(notice_id=f"tip-{number}") for number in range(notices.MOST + 20)]
    notices.keep(tmp_path, many, Owed(), NOW + 61)
    kept = notices.load(tmp_path, NOW + 61)
    assert [notice.notice_id for notice in kept] == [notice.notice_id for notice in many[20:]]
    if os.name == "posix":
        assert (tmp_path / notices.FILE_NAME).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"notices": 7}', '{"notices": [1, {}, {"notice_id": "a"}]}',
             json.dumps({"notices": [{**TIP._asdict(), "titles": 5}, {**TIP._asdict(), "expires": "x"}]}),
             json.dumps({"notices": [], "ended": ["../x", 5]}), json.dumps({"ended": {"a": 1}}),
             json.dumps({"notices": [{**TIP._asdict(), "kind": "order"}, {**TIP._asdict(), "notice_id": "a b"}]})]
)  # fmt: skip
def test_a_damaged_file_shows_nothing_and_stops_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / notices.FILE_NAME).write_text(text)
    assert notices.load(tmp_path, NOW) == []
    assert notices.owed(tmp_path) == Owed()


def test_what_ended_stays_a_week_marked_and_the_collector_hears_that_we_know(tmp_path: Path) -> None:
    notices.keep(tmp_path, [TIP, NEWS], Owed(), NOW)
    notices.keep(tmp_path, [], Owed(), NOW + 1, {"news-1": notices.WITHDRAWN, "never-here": notices.REPLACED})
    tip, news = notices.load(tmp_path, NOW + 1)
    assert (tip.ended, news.ended) == ("", "withdrawn")
    assert not notices.may_decline(tip._replace(ended="withdrawn"))
    assert notices.owed(tmp_path) == Owed(("tip-1", "news-1"), (), ("news-1", "never-here"))
    notices.keep(tmp_path, [NEWS], Owed(ended=("news-1",)), NOW + 2)  # sent again, for our answer crossed: it stays so
    assert [notice.ended for notice in notices.load(tmp_path, NOW + 2)] == ["", "withdrawn"]
    assert notices.owed(tmp_path).ended == ("never-here",)
    notices.keep(tmp_path, [], Owed(), NOW + 9, {"news-1": notices.REPLACED})  # once ended it is not ended again
    assert list(notices.lines(notices.load(tmp_path, NOW + 9), Language("nl")))[1].endswith(
        "mededeling (ingetrokken): No Wi-Fi"
    )
    assert [each["ended"] for each in notices.document(notices.load(tmp_path, NOW + 9))] == ["", "withdrawn"]
    assert [notice.notice_id for notice in notices.load(tmp_path, NOW + 8 * 86400)] == ["tip-1"]


def test_how_one_ended_may_be_of_a_newer_collector() -> None:
    ended = report_pb2.EndedNotice(notice_id="news-1", end=report_pb2.NoticeEnd.ValueType(9))
    assert notices.ended(ended) == ("news-1", notices.WITHDRAWN)
    assert notices.ended(report_pb2.EndedNotice(notice_id="../x")) is None


def requests(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / pause.REQUESTS).iterdir())


@pytest.fixture
def listening(tmp_path: Path) -> Path:
    """A state directory where an agent takes requests."""
    pause.Pause(tmp_path, FakeHost(), pytest.fail).begin()
    notices.keep(tmp_path, [TIP, NEWS], Owed(), NOW)
    return tmp_path


def test_what_is_owed_is_told_until_the_collector_took_it(listening: Path) -> None:
    assert notices.owed(listening) == Owed(("tip-1", "news-1"), ())
    notices.keep(listening, [], Owed(("tip-1", "news-1")), NOW)
    assert notices.owed(listening) == Owed()

    notices.decline(listening, "tip-1", NOW)
    assert notices.owed(listening) == notices.owed(listening) == Owed((), ("tip-1",))
    assert requests(listening) == []
    assert [notice.declined for notice in notices.load(listening, NOW)] == [True, False]
    notices.keep(listening, [], Owed((), ("tip-1",)), NOW)
    assert notices.owed(listening) == Owed()
    notices.keep(listening, [TIP], Owed(), NOW)  # sent again: what the colleague said stands, and is said again
    assert notices.owed(listening) == Owed(("tip-1",), ("tip-1",))


def test_only_a_tip_that_is_there_can_be_declined(listening: Path, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="an announcement"):
        notices.decline(listening, "news-1", NOW)
    with pytest.raises(AgentError, match="there is no notice 'x'"):
        notices.decline(listening, "x", NOW)
    (tmp_path / pause.REQUESTS).rmdir()
    with pytest.raises(AgentError, match="no agent takes requests there"):
        notices.decline(listening, "tip-1", NOW)


def test_a_request_about_notices_is_none_for_a_pause_and_the_other_way_round(listening: Path) -> None:
    resting = pause.Pause(listening, FakeHost(), pytest.fail)
    resting.begin()
    notices.decline(listening, "tip-1", NOW)
    pause.ask(listening, 3600)
    assert notices.owed(listening).declined == ("tip-1",)
    assert len(requests(listening)) == 1
    notices.decline(listening, "tip-1", NOW)
    assert resting.look()
    assert len(requests(listening)) == 1


def test_nonsense_among_the_requests_is_taken_away(listening: Path) -> None:
    for name in ("decline-x", "decline-" + "0" * 16 + "-" + "0" * 16, "decline-../x".replace("/", "_")):
        (listening / pause.REQUESTS / name).touch()
    (listening / pause.REQUESTS / "decline-directory").mkdir()
    assert notices.owed(listening).declined == ()
    assert requests(listening) == []


# --- the whole way with a collector


def window(number: int) -> bytes:
    return wire.report(WindowReport(NOW + number, 1.0, "boot", (), (), {}, (), {}))


def test_they_come_with_an_answer_and_are_answered_with_the_next_report(collector: Collector, tmp_path: Path) -> None:
    collector.enrolled(tmp_path)
    pause.Pause(tmp_path, FakeHost(), pytest.fail).begin()
    settings = Settings(state_directory=tmp_path)
    spool = sending.spool_of(settings)

    def telling(_report: report_pb2.Report, answer: report_pb2.SendReportsResponse) -> report_pb2.SendReportsResponse:
        answer.notices.extend([message(), message(identity="a b"), message(identity="news-1", kind=1)])
        return answer

    collector.journal.bend = telling
    spool.append(window(1), time.time())
    _, remarks = sending.send(settings)
    assert remarks == ("a notice of the collector cannot be used and is left out",)
    assert [notice.notice_id for notice in notices.load(tmp_path, time.time())] == ["tip-1", "news-1"]

    collector.journal.bend = lambda _report, answer: answer
    notices.decline(tmp_path, "tip-1", time.time())
    for number in (2, 3):
        spool.append(window(number), time.time())
    sending.send(settings)
    spool.append(window(4), time.time())
    sending.send(settings)
    told = [(list(each.received_notice_ids), list(each.declined_notice_ids)) for each in collector.journal.requests]
    assert told == [([], []), (["tip-1", "news-1"], ["tip-1"]), ([], []), ([], [])]


def test_an_answer_that_was_lost_is_given_again(collector: Collector, tmp_path: Path) -> None:
    collector.enrolled(tmp_path)
    notices.keep(tmp_path, [TIP._replace(received=time.time())], Owed(), time.time())
    settings = Settings(state_directory=tmp_path, backoff_maximum=1.0)
    sending.spool_of(settings).append(window(1), time.time())
    collector.journal.bend = lambda _report, _answer: None
    with pytest.raises(AgentError):
        sending.send(settings)
    collector.journal.bend = lambda _report, answer: answer
    sending.send(settings)
    assert [list(each.received_notice_ids) for each in collector.journal.requests] == [["tip-1"], ["tip-1"]]


# --- commands


def test_the_command_lists_and_declines_in_both_languages(
    listening: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW + 5)
    where = ["--state-directory", str(listening)]
    assert cli.main(["notices", *where, "--language", "nl"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Van je servicedesk:\n")
    assert "mededeling: No Wi-Fi" in told
    assert "tip: Sneller\n    Zo.\n    niets voor jou? `keuring-agent notices --decline tip-1`" in told
    assert cli.main(["notices", *where, "--language", "en", "--decline", "tip-1"]) == 0
    assert "the desk hears that 'Faster' is of no use here; not by whom" in capsys.readouterr().out
    assert notices.owed(listening).declined == ("tip-1",)
    assert cli.main(["notices", *where, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["notices"]
    assert [(each["notice_id"], each["declined"]) for each in found] == [("tip-1", True), ("news-1", False)]
    assert cli.main(["notices", *where, "--decline", "news-1"]) == 1
    assert "only a tip can be put aside" in capsys.readouterr().err
    assert cli.main(["log", *where, "--language", "nl"]) == 0
    assert "tip (niets voor mij): Sneller" in capsys.readouterr().out
    state.remove(listening / notices.FILE_NAME)
    assert cli.main(["notices", *where, "--language", "nl"]) == 0
    assert capsys.readouterr().out == "Er is niets van je servicedesk.\n"
