"""A notice on its way: from the collector's table to a real agent, to the colleague, and their answer back."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keuring_collector.store import notices, open_store
from keuring_collector.store.notices import Kind, Notice, State
from tests.collector.announcing_kit import announce, content, tell, today
from tests.collector.command import until
from tests.collector.console_fixtures import Site
from tests.collector.django_database import pointed_at
from tests.e2e.stand import SECONDS, Stand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIP = Notice("tip-start", Kind.TIP, {"nl": "Minder bij de start", "en": "Start less"}, {"nl": "Zet er drie uit."})


def reached(stand: Stand, identity: str) -> bool:
    with stand.database() as connection:
        return notices.states(connection, identity).get(stand.endpoint) is State.RECEIVED


def ended(stand: Stand, identity: str) -> bool:
    with stand.database() as connection:
        return notices.states(connection, identity).get(stand.endpoint) is State.ENDED


def announced(stand: Stand) -> tuple[str, Callable[[], None], Callable[[], None]]:
    """Announces something for this machine; returns the notice's id, what moves its date, and what withdraws it."""
    with pointed_at(stand.url):
        site = Site(stand.url, datetime.now(UTC))
        noor = site.staff()
        made = announce(site, noor, channels=("machine",))
        store = open_store(stand.url)
        assert tell(site, store) == 1

    def move() -> None:
        from keuring_collector.service.announcing import writing

        with pointed_at(stand.url):
            later = Site(stand.url, datetime.now(UTC))
            moved = content(later, when="date", starts_on=today(later, 20), channels=("machine",), note="It is late.")
            writing.save(made, moved, actor=noor, now=later.now)
            assert tell(later, store) == 1

    def withdraw() -> None:
        from keuring_collector.service.announcing import writing

        with pointed_at(stand.url):
            later = Site(stand.url, datetime.now(UTC))
            writing.withdraw(made, "It rains.", actor=noor, now=later.now)
            assert tell(later, store) == 1
        store.close()

    return "announcement-1-2-first", move, withdraw


def test_a_tip_reaches_the_colleague_and_their_answer_the_desk(tmp_path: Path, migrated_sqlite: Path) -> None:
    stand = Stand(tmp_path, migrated_sqlite)
    try:
        endpoint = stand.endpoint

        def state() -> State | None:
            with stand.database() as connection:
                return notices.states(connection, TIP.notice_id).get(endpoint)

        with stand.database() as connection:
            notices.put(connection, [endpoint], TIP, time.time())
        until(lambda: state() is State.RECEIVED, SECONDS, stand.collector)

        told = stand.agent.command("notices", "--language", "nl")
        assert "tip: Minder bij de start\n    Zet er drie uit." in told.stdout
        shown = json.loads(stand.agent.command("notices", "--json").stdout)["notices"]
        assert [each["notice_id"] for each in shown] == ["tip-start"]

        assert stand.agent.command("notices", "--decline", TIP.notice_id).returncode == 0
        until(lambda: state() is State.DECLINED, SECONDS, stand.collector)
        assert "tip (not for me): Start less" in stand.agent.command("notices", "--language", "en").stdout

        # What the desk announces goes the same way, and so does what changes in it.
        first, changed, withdraw = announced(stand)
        until(lambda: reached(stand, first), SECONDS, stand.collector)
        shown = stand.agent.command("notices", "--language", "nl").stdout
        assert "mededeling: Nieuwe kantoorpakketten" in shown
        assert "Je hoeft niets te doen. Je knoppen staan elders." in shown
        changed()
        until(lambda: reached(stand, "announcement-1-3-change"), SECONDS, stand.collector)
        changes = stand.agent.command("notices", "--language", "en").stdout
        assert "announcement: Changed: New office" in changes
        # What was told first is marked, and the collector hears that the machine knows.
        assert "announcement (replaced by a newer one): New office" in changes
        until(lambda: ended(stand, first), SECONDS, stand.collector)
        withdraw()
        until(lambda: ended(stand, "announcement-1-3-change"), SECONDS, stand.collector)
        withdrawn = stand.agent.command("notices", "--language", "nl").stdout
        assert "mededeling: Gaat niet door: Nieuwe kantoorpakketten\n    It rains." in withdrawn
        assert "mededeling (ingetrokken): Gewijzigd: Nieuwe" in withdrawn
        assert "mededeling (vervangen door een nieuwere): Nieuwe" in withdrawn
        assert stand.agent.is_alive

        # A link to My workplace goes the same way, and opens the page of this machine alone.
        with pointed_at(stand.url):
            from keuring_collector.fleet.models import Endpoint
            from keuring_collector.service.workplace import entering

            now, store = datetime.now(UTC), open_store(stand.url)
            name = Endpoint.objects.get(pk=endpoint).host_name
            assert entering.ask(store, name, "https://desk.example/workplace/enter/{}/".format, now)
            store.close()

            def link() -> str:
                told = json.loads(stand.agent.command("notices", "--json").stdout)["notices"]
                return next((each["link"] for each in told if each["notice_id"].startswith("workplace-")), "")

            until(lambda: link() != "", SECONDS, stand.collector)
            opened = entering.redeem(link().rstrip("/").rpartition("/")[2], now)
            assert opened is not None
            assert opened.pk == endpoint
    finally:
        stand.close()
