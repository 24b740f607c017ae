"""The program that sends one message: reads it as JSON, writes as JSON what became of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

import requests
from apprise import Apprise, AppriseAsset

from keuring_collector.connectors import web

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES: Final = 64 * 1024  # of an answer; the rest is not read
GONE: Final = 410


class Calls:
    """What the calls of one message came to. ``text`` is how we know those that carry the message from those that sign
    in first.
    """

    def __init__(self, networks: Sequence[str], title: str, text: str) -> None:
        self.adapter = web.Adapter(networks)
        self.forms = [form for part in (title, text.strip().partition("\n")[0]) for form in _forms(part) if form]
        self.error = ""
        self.unsure = self.final = False
        self.delivered = 0
        self.retry_after = 0.0

    def watch(self) -> None:
        """From now on, in this process, all calls are made by our rules and are looked at."""
        before, calls = requests.Session.send, self

        def send(self: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            options = dict(kwargs)
            self.mount("https://", calls.adapter)
            self.mount("http://", calls.adapter)
            options |= {"allow_redirects": False, "stream": True}
            options["timeout"] = (web.CONNECT_SECONDS, web.ANSWER_SECONDS)
            options["verify"] = options.get("verify") or True
            carries = calls.carries(request)
            try:
                response = before(self, request, **options)
                response._content = response.raw.read(MOST_BYTES, decode_content=True)  # noqa: SLF001  # bounded so
            except (requests.RequestException, OSError) as error:
                calls.error = web.reason(error)
                calls.unsure |= carries and web.was_sent(error)
                raise
            calls.note(response, carries)
            return response

        requests.Session.send = send  # type: ignore[method-assign]

    def carries(self, request: requests.PreparedRequest) -> bool:
        """Whether a call has the message in it."""
        body = request.body or b""
        plain = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
        return any(form in plain for form in self.forms)

    def note(self, response: requests.Response, carries: bool) -> None:
        """What an answer says."""
        if response.ok and not response.is_redirect:
            self.delivered += carries
            return
        self.error = f"it answers {response.status_code} {response.reason}".strip()
        if response.is_redirect:
            self.error += ", which sends on to another address; that is not followed"
        self.final |= response.status_code == GONE
        self.retry_after = max(self.retry_after, web.retry_after(response))


def _forms(part: str) -> tuple[str, ...]:
    """How a text stands in a call: as it is, in JSON, or as a form sends it."""
    return part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], quote_plus(part)


def speak(asked: dict[str, Any]) -> dict[str, Any]:
    """Sends what is asked; what an Outcome is made of."""
    asset = AppriseAsset(
        app_id="Keuring", app_desc="Keuring", app_url="", async_mode=False, http_redirects=False, secure_logging=True,
        image_url_mask=None, image_url_logo=None,
    )  # fmt: skip
    speaker = Apprise(asset=asset)
    if not speaker.add(asked["address"]):
        return {"error": "its address in 'chat_channels' is not complete; look at how apprise writes it"}
    calls = Calls(asked["networks"], asked["title"], asked["text"])
    calls.watch()
    # Without a format nothing is converted: what apprise makes of plain text shows its escapes to people.
    went_well = speaker.notify(title=asked["title"], body=asked["text"], body_format=None)
    if went_well:
        return {}
    # Several may be meant by one address: what came through to some is not sent again to all.
    unsure = calls.unsure or calls.delivered > 0
    error = calls.error or "apprise could not send it"
    if calls.delivered:
        error = f"it came through in part only: {error}"
    return {"error": error, "unsure": unsure, "final": calls.final, "retry_after": calls.retry_after}


if __name__ == "__main__":
    print(json.dumps(speak(json.load(sys.stdin))))
