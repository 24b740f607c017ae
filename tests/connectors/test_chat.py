"""Chat channels: what apprise sends is what Mattermost and Teams document, and what they answer is understood; the
outbox posts once, waits its minute, backs off, and makes no storm after an outage; announcements say it in the
channel's language.
"""

from __future__ import annotations

import json
import ssl
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from keuring_collector.chat_channels import parse
from keuring_collector.connectors import web
from keuring_collector.connectors.chat import speaking
from tests.collector.announcing_kit import announce, content, store, tell, today
from tests.collector.console_fixtures import words
from tests.collector.test_announcement_pages import typed
from tests.connectors.serving import Answer, Asked, Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.desk.outbox import Outcome
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

__all__ = ["store"]  # the fixture
sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
HOME = ["127.0.0.0/8"]
TITLE, TEXT = "Nieuwe docks", "Eén kabel.\nJe hoeft niets te doen."


@pytest.fixture
def chat() -> Iterator[Served]:
    """A Mattermost: an incoming webhook at /hooks/KEY takes JSON with a text, and answers 200 and "ok"."""

    def answer(asked: Asked) -> Answer:
        if asked.path not in ("/hooks/geheim-nl", "/hooks/geheim-en"):
            return Answer(404, b'{"id": "web.incoming_webhook.invalid.app_error", "status_code": 404}')
        return Answer(200) if json.loads(asked.body).get("text") else Answer(400, b'{"status_code": 400}')

    with serving(answer) as served:
        yield served


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speaking changes requests for its whole process, which here is the tests' own."""
    monkeypatch.setattr(requests.Session, "send", requests.Session.send)


def spoken(address: str, networks: list[str] = HOME) -> dict[str, Any]:
    before = requests.Session.send
    try:
        return speaking.speak({"address": address, "title": TITLE, "text": TEXT, "networks": networks})
    finally:
        requests.Session.send = before  # type: ignore[method-assign]


def mattermost(served: Served, key: str = "geheim-nl") -> str:
    return f"mmost://127.0.0.1:{served.port}/{key}"


def texts(served: Served) -> list[str]:
    return [json.loads(each.body)["text"] for each in served.asked]


@sqlite
def test_a_message_reaches_mattermost_from_a_process_of_its_own(site: Site, chat: Served, tmp_path: Path) -> None:
    from keuring_collector import config
    from keuring_collector.connectors.chat import sending
    from keuring_collector.desk.models import Outgoing
    from keuring_collector.processes.jobs import Work
    from keuring_collector.processes.packs import PackWatch

    Outgoing.objects.create(chat="Iedereen", subject=TITLE, body=TEXT, ready_at=site.now)
    told: dict[str, Any] = {"chat_channels": (f"Iedereen=nl {mattermost(chat)}",), "private_networks": tuple(HOME)}
    settings = config.Settings(data_directory=tmp_path, database=site.url, **told)
    Work(settings, PackWatch(None), bool).send_outgoing(site.now)
    assert Outgoing.objects.get().state == Outgoing.State.SENT
    (asked,) = chat.asked
    assert (asked.method, asked.path, asked.headers["User-Agent"]) == ("POST", "/hooks/geheim-nl", "Keuring")
    assert TITLE in texts(chat)[0]
    assert "Eén kabel.\nJe hoeft niets te doen." in texts(chat)[0]
    # Whoever never answers is left; whether it was posted is not known.
    free = threading.Event()
    chat.answer = lambda _asked: Answer(after=free)
    left = sending.send(settings.chat[0], TITLE, TEXT, HOME, seconds=2.5)
    free.set()
    assert (left.error, left.unsure) == ("it gave no answer", True)
    assert "no channel called 'Gewist' any more" in sending.send_to(settings, "Gewist", TITLE, TEXT).error


def test_what_mattermost_answers_is_understood(chat: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    address = mattermost(chat)
    assert spoken(address) == {}
    monkeypatch.setattr(web, "ANSWER_SECONDS", 0.2)
    free = threading.Event()
    cases: list[tuple[Answer, dict[str, Any]]] = [
        (Answer(429, headers={"Retry-After": "90"}), {"retry_after": 90.0, "unsure": False, "final": False}),
        (Answer(503), {"error": "it answers 503 Service Unavailable", "unsure": False}),
        (Answer(410), {"final": True, "unsure": False}),
        (Answer(after=free), {"error": "it gave no answer", "unsure": True}),
        (Answer(cut=True), {"error": "it gave no answer", "unsure": True}),
    ]
    for answer, wanted in cases:
        chat.answer = lambda _asked, answer=answer: answer  # type: ignore[misc]
        told = spoken(address)
        assert {name: told[name] for name in wanted} == wanted, told
        assert "geheim" not in str(told)
    free.set()
    with serving(lambda _asked: Answer()) as elsewhere:
        chat.answer = lambda _asked: Answer(307, headers={"Location": f"http://127.0.0.1:{elsewhere.port}/hooks/x"})
        assert "not followed" in spoken(address)["error"]
        assert elsewhere.asked == []
    count = len(chat.asked)
    refused = spoken(address, networks=[])
    assert refused["error"] == "127.0.0.1 is a private address; name its network in 'private_networks'"
    assert (refused["unsure"], len(chat.asked)) == (False, count)
    gone = spoken(f"mmost://127.0.0.1:{elsewhere.port}/geheim-nl")
    assert (gone["error"], gone["unsure"]) == ("it cannot be reached", False)
    assert "not complete" in spoken("mmosts://chat.example.org")["error"]
    chat.answer = lambda asked: Answer(503 if b'"tweede"' in asked.body else 200)
    part = spoken(f"{address}?channels=eerste%2Ctweede")
    assert (part["unsure"], part["error"][:29]) == (True, "it came through in part only:")


def test_teams_is_spoken_to_by_tls_that_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow's webhook takes an Adaptive Card at an address with a signature, and answers 202."""
    certificate, key = own_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(lambda _asked: Answer(202, b""), context) as teams:
        address = f"workflows://127.0.0.1:{teams.port}/{'a' * 32}/{'b' * 43}"
        untrusted = spoken(address)
        assert (untrusted["error"], untrusted["unsure"]) == ("its certificate is not accepted", False)
        assert teams.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert spoken(address) == {}
    (asked,) = teams.asked
    assert f"/workflows/{'a' * 32}/triggers/manual/paths/invoke" in asked.path
    assert f"sig={'b' * 43}" in asked.path
    card = json.loads(asked.body)
    assert "\\\\" not in asked.body.decode()
    assert card["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert "Eén kabel." in json.dumps(card, ensure_ascii=False)


def own_certificate(directory: Path) -> tuple[Path, Path]:
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chat")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = directory / "chat.pem", directory / "chat.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    return certificate, secret


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mmosts://chat.example.org/geheim", "channel 1: write NAME=LANGUAGE ADDRESS"),
        ("Iedereen=de mmosts://chat.example.org/geheim", "'Iedereen': its language is nl or en"),
        ("Iedereen=nl smtp://chat.example.org/geheim", "'Iedereen': its address begins with one of gchat://"),
        ("Iedereen=nl mmost://chat.example.org/geheim", "mmost:// is without TLS, which is for this very machine only"),
        ("Iedereen=nl mmosts://chat.example.org/geheim?verify=no", "leave the option 'verify' out"),
        ("Iedereen=nl mmosts://chat.example.org/geheim?redirect=yes", "leave the option 'redirect' out"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_without_its_secret(line: str, told: str, tmp_path: Path) -> None:
    from keuring_collector import config

    with pytest.raises(config.ConfigError) as error:
        config.load(tmp_path, environment={"KEURING_CHAT_CHANNELS": line})
    assert told in str(error.value)
    assert "$KEURING_CHAT_CHANNELS: setting 'chat_channels'" in str(error.value)
    assert "geheim" not in str(error.value)


def test_what_is_shown_of_a_channel_holds_no_secret() -> None:
    lines = ("Iedereen = nl mmosts://chat.example.org/geheim", "Team=en workflows://prod.example.org/geheim/teken")
    first, second = parse(lines)
    assert (first.name, first.language, first.service) == ("Iedereen", "nl", "mmosts://chat.example.org/…")
    assert (second.service, "geheim" in repr(second)) == ("workflows://…", False)
    with pytest.raises(ValueError, match="two chat channels are called 'iedereen'"):
        parse((lines[0], "iedereen=en slack://a/b/c"))


class Desk:
    """A site with two chat channels on one server."""

    def __init__(self, site: Site, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.conf import settings

        lines = (f"Iedereen=nl {mattermost(served)}", f"Everybody=en {mattermost(served, 'geheim-en')}")
        changed = {"chat_channels": lines, "private_networks": tuple(HOME)}
        monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update=changed))
        self.site, self.served = site, served

    def post(self, seconds: float) -> int | str:
        """What the job does so long after now; what it complains of."""
        from keuring_collector.desk import outbox

        try:
            return outbox.send(self.site.now + timedelta(seconds=seconds), self._speak)
        except outbox.OutboxError as error:
            return str(error)

    @staticmethod
    def _speak(name: str, title: str, text: str) -> Outcome:
        from django.conf import settings

        from keuring_collector.desk.outbox import Outcome

        address = settings.KEURING.chat_by_name[name].address
        before = requests.Session.send
        try:
            return Outcome(**speaking.speak({"address": address, "title": title, "text": text, "networks": HOME}))
        finally:
            requests.Session.send = before  # type: ignore[method-assign]


@pytest.fixture
def desk(site: Site, chat: Served, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(site, chat, monkeypatch)


def test_an_announcement_is_posted_once_in_each_channels_language(desk: Desk, store: Store) -> None:
    from keuring_collector.service.announcing import writing

    site, noor = desk.site, desk.site.staff()
    made = announce(site, noor, channels=(), chats=["Iedereen", "Everybody"])
    assert [tell(site, store), tell(site, store, 1)] == [2, 0]
    assert (desk.post(50), desk.served.asked) == (0, [])
    assert [desk.post(61), desk.post(62)] == [2, 0]
    posted = {each.path: text for each, text in zip(desk.served.asked, texts(desk.served), strict=True)}
    assert sorted(posted) == ["/hooks/geheim-en", "/hooks/geheim-nl"]
    dutch = posted["/hooks/geheim-nl"]
    for part in ("Nieuwe kantoorpakketten", "Wanneer\nOp ", "Je hoeft niets te doen."):
        assert part in dutch, part
    assert "Hallo" not in dutch
    assert "There is nothing you need to do." in posted["/hooks/geheim-en"]
    # A change that is taken back within its minute never leaves; one that stays, and the end, are told.
    later = site.now + timedelta(hours=1)
    fields: dict[str, Any] = {"channels": (), "chats": ["Iedereen"], "note": "Later."}
    made = writing.save(made, content(site, starts_on=today(site, 12), when="date", **fields), actor=noor, now=later)
    assert tell(site, store, 1) == 2
    again = content(site, starts_on=today(site, 14), when="date", **fields)
    made = writing.save(made, again, actor=noor, now=later + timedelta(seconds=30))
    tell(site, store, 1.01)
    assert desk.post(2 * 3600) == 2
    assert desk.post(2 * 3600 + 60) == 0
    assert "Gewijzigd: Nieuwe kantoorpakketten" in texts(desk.served)[2]
    writing.withdraw(made, "De leverancier stopt.", actor=noor, now=site.now + timedelta(hours=3))
    tell(site, store, 3)
    desk.post(4 * 3600)
    ended = "\n".join(texts(desk.served)[-2:])
    for part in ("Gaat niet door: Nieuwe kantoorpakketten", "Called off: New office programs", "De leverancier stopt."):
        assert part in ended, part


@sqlite
def test_an_outage_is_waited_out_and_makes_no_storm(desk: Desk) -> None:
    from keuring_collector.desk.models import Outgoing

    site, chat = desk.site, desk.served
    for number in range(4):
        until = site.now + timedelta(minutes=2) if number == 1 else None
        Outgoing.objects.create(
            chat="Iedereen", subject=f"bericht {number}", body="x", ready_at=site.now, expires_at=until
        )
    well = chat.answer
    chat.answer = lambda _asked: Answer(429, headers={"Retry-After": "300"})
    assert desk.post(0) == "Iedereen: it answers 429 Too Many Requests"
    assert [desk.post(15), desk.post(100), desk.post(299), len(chat.asked)] == [0, 0, 0, 1]
    assert desk.post(301) == "Iedereen: it answers 429 Too Many Requests"
    chat.answer = well
    del chat.asked[:]
    # One by one, in their order, without the one that nobody needs to read any more; never two at once.
    assert [desk.post(602 + 15 * run) for run in range(5)] == [1, 1, 1, 0, 0]
    assert [text.split()[:2] for text in texts(chat)] == [["bericht", "0"], ["bericht", "2"], ["bericht", "3"]]
    states = dict(Outgoing.objects.values_list("subject", "pk"))
    assert Outgoing.objects.get(pk=states["bericht 1"]).state == Outgoing.State.GIVEN_UP
    assert Outgoing.objects.get(pk=states["bericht 0"]).state == Outgoing.State.SENT
    # What may have come through is not sent again.
    row = Outgoing.objects.create(chat="Iedereen", subject="misschien", body="x", ready_at=site.now)
    chat.answer = lambda _asked: Answer(cut=True)
    assert desk.post(1000) == "Iedereen: it gave no answer"
    row.refresh_from_db()
    assert row.state == Outgoing.State.UNSURE
    assert desk.post(9000) == 0


@sqlite
def test_people_choose_a_channel_knowing_whom_it_reaches_and_see_what_was_sent(desk: Desk) -> None:
    from keuring_collector.desk.models import AuditEntry, Outgoing
    from keuring_collector.service.models import Announcement

    site = desk.site
    site.machine("LT-1", colleague=site.colleague("Jan"))
    lead = site.client(site.staff("lea", role="team_lead"))
    form = lead.get("/announcements/new/").content.decode()
    assert form.count('name="chats"') == 2
    assert 'value="Iedereen" checked' not in form
    fields = typed(site, chats=["Iedereen"])
    shown = words(lead.post("/announcements/new/", {**fields, "do": "preview"}))
    assert "It also goes to the chat: Iedereen. That reaches whoever reads it, not only those counted here." in shown
    wrong = lead.post("/announcements/new/", {**fields, "chats": ["Gewist"]})
    assert (wrong.status_code, "Choose among the chat channels that there are." in words(wrong)) == (422, True)
    page = lead.post("/announcements/new/", fields)["Location"]
    assert "in the chat channel Iedereen" in words(lead.get(page))
    assert Announcement.objects.get().chats == ["Iedereen"]
    assert lead.get("/settings/outgoing/").status_code == 403
    chief = site.client(site.staff("ada", role="administrator"))
    body = chief.get("/settings/outgoing/").content.decode()
    assert "mmost://127.0.0.1/…" in body
    assert chief.post("/settings/outgoing/test/", {"channel": "Gewist"}).status_code == 404
    assert chief.post("/settings/outgoing/test/", {"channel": "Iedereen"}).status_code == 302
    assert desk.post(600) == 1
    assert "Keuring kan hier berichten plaatsen" in texts(desk.served)[0]
    Outgoing.objects.create(
        to="jan@example.org", subject="Je accu", body="x", ready_at=site.now, attempts=1, error="bang"
    )
    told = chief.get("/settings/outgoing/")
    assert "chat · Keuring kan hier berichten plaatsen Sent" in words(told)
    assert "jan@example.org mail Refused, tried again · 1 attempt failed bang" in words(told)
    assert "Je accu" not in words(told)
    assert "geheim" not in body + told.content.decode() + chief.get("/settings/collector/").content.decode()
    assert AuditEntry.objects.filter(action="chat.tested").count() == 1
