"""Notices for colleagues: left in a table, handed to their machines and to no other, answered, and forgotten."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from keuring.report.v1 import report_pb2
from keuring_collector.store import StorageError, notices, open_store
from keuring_collector.store.notices import Kind, Notice, State
from tests.collector.test_reports_service import Stand, request, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring_collector.store.store import Store

__all__ = ["run"]  # the fixture

NOW = 1_800_000_000.0
TIP = Notice("tip-1", Kind.TIP, {"nl": "Minder opstarten", "en": "Start less"}, {"en": "Three programs…"})
NEWS = Notice("news-1", Kind.ANNOUNCEMENT, {"nl": "Wifi weg", "en": "No Wi-Fi"}, {}, "https://desk.example/1", NOW + 60)


@pytest.fixture
def store(django_url: str) -> Iterator[Store]:
    opened = open_store(django_url)
    yield opened
    opened.close()


def test_each_machine_gets_its_own_until_it_says_that_it_has_them(store: Store) -> None:
    connection = store.connection
    notices.put(connection, [1, 2], TIP, NOW)
    notices.put(connection, [1], NEWS, NOW + 1)
    assert notices.waiting(connection, NOW) == {1, 2}
    assert notices.of(connection, 1, NOW) == [TIP, NEWS]
    assert notices.of(connection, 2, NOW) == [TIP]
    assert notices.of(connection, 3, NOW) == []

    notices.answer(connection, 1, ["tip-1", "not-mine"], State.RECEIVED, NOW + 2)
    assert notices.of(connection, 1, NOW) == [NEWS]
    assert notices.states(connection, "tip-1") == {1: State.RECEIVED, 2: State.WAITING}


def test_what_expired_is_handed_to_nobody(store: Store) -> None:
    notices.put(store.connection, [1], NEWS, NOW)
    assert notices.waiting(store.connection, NOW + 61) == frozenset()
    assert notices.of(store.connection, 1, NOW + 61) == []


def test_answers_go_forward_only_and_announcements_cannot_be_declined(store: Store) -> None:
    connection = store.connection
    for notice in (TIP, NEWS):
        notices.put(connection, [1], notice, NOW)
        notices.answer(connection, 1, [notice.notice_id], State.DECLINED, NOW)
        notices.answer(connection, 1, [notice.notice_id], State.RECEIVED, NOW)
        notices.put(connection, [1], notice, NOW + 5)  # once more: it stays as it is
    assert notices.states(connection, "tip-1") == {1: State.DECLINED}
    assert notices.states(connection, "news-1") == {1: State.RECEIVED}


def test_what_ended_is_told_until_the_machine_knows(store: Store) -> None:
    connection = store.connection
    first, second = (NEWS._replace(notice_id=f"news-{number}", expires_at=0.0) for number in (1, 2))
    notices.put(connection, [1, 2, 3], first, NOW)
    notices.answer(connection, 1, ["news-1"], State.RECEIVED, NOW)
    assert notices.withdraw(connection, "news-", "news-2") == [(2, "news-1"), (3, "news-1")]
    notices.put(connection, [1], second, NOW)
    notices.end(connection, [1], "news-", "news-2", State.WITHDRAWN)
    assert notices.waiting(connection, NOW) == {1, 2, 3}
    assert notices.of(connection, 1, NOW) == [second]
    assert notices.of(connection, 2, NOW) == []
    assert notices.ending(connection, 1, NOW) == [("news-1", State.WITHDRAWN)]
    assert notices.ending(connection, 2, NOW) == [("news-1", State.REPLACED)]
    notices.answer(connection, 2, ["news-1"], State.RECEIVED, NOW)  # it crossed ours: the machine is told all the same
    notices.confirm_ended(connection, 1, ["news-1", "news-2", "never-here"])
    assert notices.ending(connection, 1, NOW) == []
    assert notices.ending(connection, 2, NOW) == [("news-1", State.REPLACED)]
    assert notices.states(connection, "news-1")[1] is State.ENDED
    assert notices.states(connection, "news-2") == {1: State.WAITING}  # what holds cannot be confirmed away


def test_old_ones_are_forgotten(store: Store) -> None:
    notices.put(store.connection, [1], TIP, NOW)
    notices.put(store.connection, [1], NEWS, NOW)
    assert store.purge(NOW + 10 * 86400, raw_days=30, daily_days=400).rows["notice"] == 0
    assert store.purge(NOW + 40 * 86400, raw_days=30, daily_days=400).rows["notice"] == 2
    assert notices.states(store.connection, "tip-1") == {}


def test_many_are_handed_out_some_at_a_time(store: Store) -> None:
    for number in range(30):
        notices.put(store.connection, [1], TIP._replace(notice_id=f"tip-{number:02}"), NOW + number)
    found = notices.of(store.connection, 1, NOW)
    assert [each.notice_id for each in found] == [f"tip-{number:02}" for number in range(notices.AT_ONCE)]


def put(stand: Stand, endpoints: list[int], *found: Notice) -> None:
    opened = open_store(stand.url)
    for notice in found:
        notices.put(opened.connection, endpoints, notice, time.time())
    opened.close()


def state_of(stand: Stand, identity: str) -> dict[int, State]:
    opened = open_store(stand.url)
    try:
        return notices.states(opened.connection, identity)
    finally:
        opened.close()


def answering(number: int, received: list[str], declined: list[str]) -> report_pb2.SendReportsRequest:
    message = request(number)
    message.received_notice_ids.extend(received)
    message.declined_notice_ids.extend(declined)
    return message


def test_the_first_answer_of_a_stream_carries_them_until_the_machine_has_them(run: Callable[[Any], None]) -> None:
    async def body(stand: Stand) -> None:
        news = NEWS._replace(expires_at=float(round(time.time() + 3600)))
        put(stand, [stand.endpoint], TIP, news)
        put(stand, [stand.endpoint + 1], TIP._replace(notice_id="of-another"))
        first = await stand.send(request(1), request(2))
        assert [[notice.notice_id for notice in answer.notices] for answer in first] == [["tip-1", "news-1"], []]
        told = {notice.notice_id: notice for notice in first[0].notices}
        assert dict(told["tip-1"].titles) == dict(TIP.titles)
        assert told["tip-1"].kind == report_pb2.NOTICE_KIND_TIP
        assert not told["tip-1"].HasField("expire_time")
        assert told["news-1"].expire_time.seconds == news.expires_at
        assert told["news-1"].link == "https://desk.example/1"

        again = await stand.send(request(3))
        assert len(again[0].notices) == 2

        (answered,) = await stand.send(answering(4, ["tip-1", "news-1", "of-another"], ["tip-1", "news-1"]))
        assert list(answered.notices) == []
        assert state_of(stand, "tip-1") == {stand.endpoint: State.DECLINED}
        assert state_of(stand, "news-1") == {stand.endpoint: State.RECEIVED}
        assert state_of(stand, "of-another") == {stand.endpoint + 1: State.WAITING}

        opened = open_store(stand.url)
        with opened.connection.transaction():
            notices.end(opened.connection, [stand.endpoint], "news-", "", State.WITHDRAWN)
        opened.close()
        told_so = (await stand.send(request(5)))[0].ended_notices  # again and again, also to agents that know no such
        told_so_again = (await stand.send(request(6)))[0].ended_notices
        assert [(each.notice_id, each.end) for each in told_so] == [("news-1", report_pb2.NOTICE_END_WITHDRAWN)]
        assert list(told_so_again) == list(told_so)
        confirming = request(7)
        confirming.ended_notice_ids.append("news-1")
        assert list((await stand.send(confirming))[0].ended_notices) == []
        assert state_of(stand, "news-1") == {stand.endpoint: State.ENDED}

    run(body)


def test_a_table_that_cannot_be_read_holds_up_no_report(
    run: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StorageError("gone")

    monkeypatch.setattr(notices, "waiting", broken)
    monkeypatch.setattr(notices, "answer", broken)

    async def body(stand: Stand) -> None:
        (answer,) = await stand.send(answering(1, ["tip-1"], []))
        assert answer.disposition == report_pb2.DISPOSITION_STORED

    run(body)


def test_nonsense_in_answers_harms_nobody(run: Callable[[Any], None]) -> None:
    async def body(stand: Stand) -> None:
        put(stand, [stand.endpoint], TIP)
        (answer,) = await stand.send(answering(1, ["x" * 5000, "'; DROP TABLE notice", *["tip-1"] * 500], ["", "?"]))
        assert answer.disposition == report_pb2.DISPOSITION_STORED
        assert state_of(stand, "tip-1") == {stand.endpoint: State.RECEIVED}

    run(body)
