"""A page for the colleague at this machine: what is measured and why, what was sent to whom, and a pause.

Served by `keuring-agent page`, a process of its own in the colleague's session, for as long as it is looked at: on
loopback alone, under an address that nobody can guess, one request at a time. The resident agent knows nothing of it.
It does what `show`, `log` and `pause` do, with the rights of the colleague and no more.
"""

from __future__ import annotations

import hmac
import os
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import parse_qs, urlsplit

from keuring_agent import dispatches, effort, language, notices, page_html, pause
from keuring_agent.errors import AgentError
from keuring_agent.language import Language

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_agent.show import Entry

    # Measures (or, during a pause, does not) and returns every signal with its values.
    Look = Callable[[bool], list[Entry]]

IDLE: Final = 1800.0  # seconds without a request after which it ends
_FRESH: Final = 60.0  # seconds for which one measurement is shown
_STALLED: Final = 5.0  # seconds that a request may take to arrive
_FORM_LIMIT: Final = 1024
LOG_DAYS: Final = 7.0


class _Answer(NamedTuple):
    status: HTTPStatus
    body: str = ""


class Page(HTTPServer):
    """The server. ``address`` is where to look; whoever does not know it gets nothing."""

    request_queue_size = 5

    def __init__(self, directory: Path, look: Look, default: Language, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.directory = directory
        self.default = default
        self.secret, self.form_token = os.urandom(16).hex(), os.urandom(16).hex()
        self.asked = True  # since it last waited
        self._look = look
        self._seen: tuple[float, bool, list[Entry]] | None = None

    @property
    def hosts(self) -> tuple[str, str]:
        """The names under which it may be asked; others are somebody's who points a name of theirs at this machine."""
        return f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def address(self) -> str:
        """Where to look."""
        return f"http://{self.hosts[0]}/{self.secret}/"

    def entries(self, *, measure: bool) -> list[Entry]:
        """Every signal; measured anew once a minute at most."""
        now = time.monotonic()
        if self._seen is None or self._seen[1] != measure or now - self._seen[0] > _FRESH:
            self._seen = (now, measure, self._look(measure))
        return self._seen[2]

    def serve(self, idle: float = IDLE) -> None:
        """Answers until nobody has asked anything for so many seconds."""
        self.timeout = idle
        while self.asked:
            self.asked = False
            self.handle_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _STALLED

    @property
    def _page(self) -> Page:
        return cast("Page", self.server)

    def do_GET(self) -> None:  # the name that http.server calls
        """The page itself."""
        self._answer(self._get())

    def do_POST(self) -> None:
        """The form of the pause, that of a tip, and nothing else."""
        self._answer(self._post())

    def _get(self) -> _Answer:
        if (refused := self._refused()) is not None:
            return refused
        parts = urlsplit(self.path)
        if parts.path != f"/{self._page.secret}/":
            return _Answer(HTTPStatus.NOT_FOUND)
        say = self._language(parts.query)
        directory, now = self._page.directory, time.time()
        until = pause.until(directory, now)
        try:
            sent = dispatches.read(directory, now - 86400.0 * LOG_DAYS)
        except AgentError:
            sent = dispatches.Log([], 0)
        entries = self._page.entries(measure=until is None)
        now_known = page_html.Known(entries, sent, until, effort.load(directory), notices.load(directory, now))
        return _Answer(HTTPStatus.OK, page_html.page(now_known, self._page.form_token, say))

    def _post(self) -> _Answer:
        if (refused := self._refused()) is not None:
            return refused
        parts = urlsplit(self.path)
        what = parts.path.removeprefix(f"/{self._page.secret}/")
        if what not in ("pause", "notice"):
            return _Answer(HTTPStatus.NOT_FOUND)
        form = self._form()
        if form is None or not hmac.compare_digest(form.get("token", ""), self._page.form_token):
            return _Answer(HTTPStatus.FORBIDDEN)
        say = self._language(parts.query)
        if what == "notice":
            return self._decline(form.get("notice", ""), say)
        wish = form.get("duration", "")
        try:
            pause.ask(self._page.directory, 0.0 if wish == "off" else pause.duration(wish))
        except AgentError as error:
            return _Answer(HTTPStatus.BAD_REQUEST, page_html.problem(str(error), say))
        return _Answer(HTTPStatus.OK, page_html.asked(wish, say))

    def _decline(self, identity: str, say: Language) -> _Answer:
        try:
            declined = notices.decline(self._page.directory, identity, time.time())
        except AgentError as error:
            return _Answer(HTTPStatus.BAD_REQUEST, page_html.problem(str(error), say))
        return _Answer(HTTPStatus.OK, page_html.declined(declined, say))

    def _refused(self) -> _Answer | None:
        """What comes from another site, or by another name than ours, is not answered."""
        self._page.asked = True
        if self.headers.get_all("Host", []) not in [[host] for host in self._page.hosts]:
            return _Answer(HTTPStatus.MISDIRECTED_REQUEST)
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._page.hosts}:
            return _Answer(HTTPStatus.FORBIDDEN)
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return _Answer(HTTPStatus.FORBIDDEN)
        return None

    def _form(self) -> dict[str, str] | None:
        size = self.headers.get("Content-Length", "")
        if not size.isascii() or not size.isdigit() or int(size) > _FORM_LIMIT:
            return None
        text = self.rfile.read(int(size)).decode("ascii", "replace")
        try:
            return {name: values[0] for name, values in parse_qs(text, max_num_fields=4).items() if values[0].isascii()}
        except ValueError:
            return None

    def _language(self, query: str) -> Language:
        wanted = parse_qs(query).get("language", [""])[0]
        return Language(wanted) if wanted in language.KNOWN else self._page.default

    def _answer(self, answer: _Answer) -> None:
        body = (answer.body or f"{answer.status.value} {answer.status.phrase}\n").encode()
        self.send_response(answer.status)
        kind = "text/html" if answer.body else "text/plain"
        for name, value in (
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", page_html.POLICY),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For what http.server itself refuses: the same bare answer."""
        del message, explain
        self.close_connection = True
        self._answer(_Answer(HTTPStatus(code)))

    def version_string(self) -> str:
        """No versions of anything."""
        return "keuring-agent"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Who looked at their own page is noted nowhere."""
