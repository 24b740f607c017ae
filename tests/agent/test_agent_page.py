"""The page on loopback: what it shows, whom it answers, and the one thing that it does."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring.signals.catalogue import BY_ID, SIGNALS
from keuring.signals.model import Status
from keuring_agent import dispatches, effort, notices, page_html, pause, show
from keuring_agent.host.fake import FakeHost
from keuring_agent.language import Language
from keuring_agent.page import Page
from keuring_agent.privacy import Gate
from keuring_agent.window import SeriesKey, WindowReport
from tests.agent.examples import quick
from tests.agent.test_agent_privacy import gates
from tests.agent.test_agent_sensors import one_window, recorder_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_agent.show import Entry

# What costs seconds here and says nothing about the page.
SLOW = "keuring.updates.pending,keuring.updates.security.pending,keuring.updates.last_installed"
SENT = dispatches.Dispatch(1.7e9, "reports", "desk.example:8443", 900, 1, 1, 1e9, 1e9, "acknowledged", (280, 1))


class Visitor:
    """A browser, as far as it goes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.port = page.server_port
        self.path = urlsplit(page.address).path

    def ask(
        self, method: str, path: str, body: str = "", host: str | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", f"127.0.0.1:{self.port}" if host is None else host)
        if body or method == "POST":
            connection.putheader("Content-Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        found = answer.status, answer.read().decode(), dict(answer.getheaders())
        connection.close()
        return found

    def get(self, query: str = "") -> str:
        status, text, _ = self.ask("GET", self.path + query)
        assert status == 200
        return unescape(text)

    def post(self, host: str | None = None, headers: dict[str, str] | None = None, **form: str) -> int:
        return self.ask("POST", self.path + "pause", urlencode(form), host, **(headers or {}))[0]


@pytest.fixture(scope="module")
def measured() -> list[Entry]:
    return show.entries(one_window(FakeHost(), recorder_of(FakeHost())), Gate(), dispatches.last_sent([SENT]))


@pytest.fixture
def visitor(tmp_path: Path, measured: list[Entry]) -> Iterator[Visitor]:
    dispatches.append(tmp_path, [SENT._replace(time=time.time())])
    place = pause.Pause(tmp_path, FakeHost(), pytest.fail)
    place.begin()
    looks: list[bool] = []

    def look(measure: bool) -> list[Entry]:
        looks.append(measure)
        return measured if measure else []

    with Page(tmp_path, look, Language("en")) as server:
        server.looks = looks  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield Visitor(server)
        server.shutdown()
        thread.join(10)


def test_it_ends_when_nobody_looks_any_more(tmp_path: Path) -> None:
    with Page(tmp_path, lambda _measure: [], Language("en")) as server:
        server.serve(idle=0.05)


def test_it_shows_every_signal_why_when_sent_and_to_whom(visitor: Visitor) -> None:
    text = visitor.get()
    for each in SIGNALS:
        if each.status is Status.EMITTED:
            assert f"{each.name}, {each.privacy.name.lower()}" in text
            assert each.brief in text
            assert each.purpose in text
    assert "desk.example:8443" in text
    assert "In all 900 B; sendings: 1." in text
    assert "reports: 1 (1 taken), signals: 2" in text
    visitor.get()
    assert visitor.page.looks == [True]  # type: ignore[attr-defined]  # measured once a minute at most


def test_it_is_there_in_dutch(visitor: Visitor) -> None:
    text = visitor.get("?language=nl")
    assert '<html lang="nl">' in text
    assert "Wat deze computer aan de servicedesk vertelt" in text
    assert "Veel kleine kwalen verdwijnen met een herstart." in text
    assert '<a href="?language=en"' in text
    assert '<html lang="en">' in visitor.get("?language=../../etc")


class Parts(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_it_needs_no_script_and_nothing_from_elsewhere(visitor: Visitor) -> None:
    _, text, headers = visitor.ask("GET", visitor.path)
    parts = Parts()
    parts.feed(text)
    assert not {"script", "img", "link", "iframe", "object"} & set(parts.tags)
    assert not [name for name, _ in parts.attributes if name.startswith("on") or name in ("src", "style")]
    assert "http" not in re.sub(r"<style>.*?</style>", "", text).lower()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "[::1]:{port}"]
)
def test_only_names_of_loopback_are_answered(visitor: Visitor, host: str) -> None:
    status, text, _ = visitor.ask("GET", visitor.path, host=host.format(port=visitor.port))
    assert (status, text) == (421, "421 Misdirected Request\n")
    assert visitor.post(host.format(port=visitor.port), token=visitor.page.form_token, duration="1h") == 421
    assert list((visitor.page.directory / "requests").iterdir()) == []
    assert visitor.ask("GET", visitor.path, host=f"localhost:{visitor.port}")[0] == 200


def test_whoever_does_not_know_the_address_gets_nothing(visitor: Visitor) -> None:
    for path in ("/", "/pause", "/../", f"/{'0' * 32}/", visitor.path + "log", visitor.path[:-1]):
        assert visitor.ask("GET", path)[:2] == (404, "404 Not Found\n")
    for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH"):
        assert visitor.ask(method, visitor.path)[0] == 501
    assert visitor.page.server_address[0] == "127.0.0.1"


def test_the_pause_button(visitor: Visitor) -> None:
    directory = visitor.page.directory
    token = re.findall(r'name="token" value="([0-9a-f]{32})"', visitor.get())[0]
    assert [wish for wish in page_html.DURATIONS if pause.duration(wish)] == list(page_html.DURATIONS)
    assert visitor.post(token=token, duration="1h") == 200
    assert pause.is_on(directory, FakeHost(wall_time=time.time()))
    text = visitor.get()
    assert "paused until" in text
    assert visitor.page.looks == [True, False]  # type: ignore[attr-defined]  # for this page neither
    assert visitor.post(token=token, duration="off") == 200
    assert not pause.is_on(directory, FakeHost(wall_time=time.time()))
    assert visitor.post(token=token, duration="7d") == 400


def test_nobody_else_can_press_it(visitor: Visitor) -> None:
    token = visitor.page.form_token
    forms: tuple[dict[str, str], ...] = ({}, {"token": ""}, {"token": "0" * 32}, {"token": "\u00e9"})
    for form in forms:
        assert visitor.ask("POST", f"{visitor.path}pause", urlencode({**form, "duration": "1h"}))[0] == 403
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        assert visitor.post(headers=headers, token=token, duration="1h") == 403
    assert visitor.post(token=token, duration="1h", more="x" * 2000) == 403
    assert visitor.ask("GET", f"{visitor.path}pause?token={token}&duration=1h")[0] == 404
    assert list((visitor.page.directory / "requests").iterdir()) == []
    assert visitor.post(headers={"Origin": f"http://127.0.0.1:{visitor.port}"}, token=token, duration="1h") == 200


texts = st.text(max_size=60) | st.sampled_from(["<script>alert(1)</script>", '"><img src=x onerror=y>', "{until}"])


@quick
@given(gates, st.lists(st.tuples(st.sampled_from(SIGNALS), texts, st.floats(allow_nan=False) | texts)), texts)
def test_whatever_sensors_and_logs_say_the_page_shows_the_catalogue_and_is_only_text(
    gate: Gate, found: list[tuple[Any, str, Any]], to: str
) -> None:
    series, values, told = [], [], {}
    for each, subject, value in found:
        if isinstance(value, str):
            told[each.id, subject] = value
        else:
            series += [SeriesKey(each.id, subject, int(which)) for which in each.statistics]
            values += [value for _ in each.statistics]
    report = WindowReport(1e9, 300, "boot", tuple(series), values, told, (), {})
    sent = dispatches.Log([SENT._replace(to=to)], 0)
    entries = show.entries(report, gate, dispatches.last_sent(sent.entries))
    assert all(BY_ID[entry.signal.id] is entry.signal for entry in entries)
    for name in ("en", "nl"):
        parts, plain = Parts(), Parts()
        parts.feed(page_html.page(page_html.Known(entries, sent, None), "0" * 32, Language(name)))
        plain.feed(
            page_html.page(
                page_html.Known(show.entries(report, Gate([]), {}), dispatches.Log([SENT], 0), None),
                "0",
                Language(name),
            )
        )
        assert set(parts.tags) <= set(plain.tags) | {"br"}  # no text became a tag
        assert {attribute for attribute, _ in parts.attributes} <= {attribute for attribute, _ in plain.attributes}


def test_the_real_program(tmp_path: Path) -> None:
    # Tests that a shell started in the background ignore SIGINT, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "keuring_agent", "page", "--state-directory", str(tmp_path), "--language", "nl"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "KEURING_AGENT_DISABLED_SIGNALS": SLOW},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/[0-9a-f]{32}/)", line)
        assert found is not None, line
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
        connection.request("GET", found[2])
        answer = connection.getresponse()
        text = unescape(answer.read().decode())
        assert answer.status == 200
        assert "Geheugen dat het systeem kan gebruiken." in text
        assert "system.memory.limit" in text
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    finally:
        signal.signal(signal.SIGINT, before)
        process.kill()
        process.communicate()


@pytest.mark.parametrize("words", page_html.DURATIONS.values())
def test_the_buttons_of_the_pause_are_named_in_dutch(words: str) -> None:
    assert Language("nl")(words) != words


def test_notices_are_listed_as_text_and_a_tip_can_be_put_aside(visitor: Visitor) -> None:
    directory = visitor.page.directory
    assert "From your service desk" not in visitor.get()
    tip = notices.Notice(
        "tip-1", "tip", {"en": "<b>Faster</b>"}, {"en": "a & b"}, "https://desk.example", 0.0, time.time()
    )
    news = tip._replace(notice_id="news-1", kind="announcement", titles={"nl": "Wifi weg"}, link="")
    notices.keep(directory, [tip, news], notices.Owed(), time.time())
    page = visitor.ask("GET", visitor.path)[1]
    assert "tip: &lt;b&gt;Faster&lt;/b&gt;" in page
    assert "<br>a &amp; b<br>https://desk.example" in page
    assert 'href="https' not in page
    assert page.count('name="notice"') == 1  # an announcement cannot be put aside
    assert "mededeling: Wifi weg" in visitor.get("?language=nl")

    def put_aside(**form: str) -> int:
        return visitor.ask("POST", visitor.path + "notice", urlencode(form))[0]

    assert put_aside(notice="tip-1", token="0" * 32) == 403
    assert put_aside(notice="news-1", token=visitor.page.form_token) == 400
    assert put_aside(notice="tip-1", token=visitor.page.form_token) == 200
    assert notices.owed(directory).declined == ("tip-1",)
    page = visitor.ask("GET", visitor.path)[1]
    assert "tip (not for me): &lt;b&gt;Faster" in page
    assert 'name="notice"' not in page


def test_what_is_measured_less_often_is_said(visitor: Visitor) -> None:
    effort.keep(visitor.page.directory, effort.Effort({"smart": 4}, saving=True))
    page = visitor.get("?language=nl")
    assert "De sensor 'smart' kost hier te veel en meet 4 keer minder vaak." in page
    assert "De accu is bijna leeg" in page
