"""What page.py shows, as HTML: no script, nothing from elsewhere, every text escaped."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import language, log, notices, pause, show
from keuring_agent.effort import Effort

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keuring_agent.dispatches import Log
    from keuring_agent.language import Language
    from keuring_agent.notices import Notice
    from keuring_agent.show import Entry

DURATIONS: Final = {"30m": "30 minutes", "1h": "1 hour", "4h": "4 hours", "1d": "1 day"}
_LINES: Final = 200  # of the log, the newest ones
_STYLE: Final = (
    ":root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}"
    "body{max-width:70rem;margin:0 auto;padding:1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8886}"
    "small{color:GrayText;font-weight:400}button{font:inherit;padding:.3rem .9rem;margin-right:.5rem}"
    ".wide{overflow-x:auto}"
)
POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Known(NamedTuple):
    """What the page shows. ``until`` ends the pause that is on, in seconds since 1970."""

    entries: Iterable[Entry]
    sent: Log
    until: float | None
    effort: Effort = Effort()
    told: Sequence[Notice] = ()


def page(known: Known, token: str, say: Language) -> str:
    """The whole page."""
    other = next(name for name in language.KNOWN if name != say.name)
    parts = [
        f'<p><a href="?language={other}" lang="{other}" hreflang="{other}">{_NAMES[other]}</a></p>',
        f"<h1>{_text(say('What this machine tells the service desk'))}</h1>",
        f"<p>{_text(say(_ABOUT))}</p>",
        *_notices(known.told, token, say),
        *_pause(known.until, token, say),
        *_sent(known.sent, say),
        f"<h2>{_text(say('What is measured, and why'))}</h2>",
    ]
    parts += [f"<p>{_text(line)}</p>" for line in known.effort.lines(say)]
    if known.until is not None:
        parts.append(f"<p>{_text(say('During the pause nothing is measured, for this page neither.'))}</p>")
    parts += _signals(known.entries, say)
    return _document(say("What this machine tells the service desk"), parts, say)


def asked(wish: str, say: Language) -> str:
    """The answer to the form."""
    if wish == "off":
        done = say("asked: the agent goes on within a minute")
    else:
        done = say("asked: from now on nothing is measured, for {duration}", duration=wish)
    back = f'<p><a href="./?language={say.name}">{_text(say("Back to the page"))}</a></p>'
    return _document(done, [f"<p>{_text(done)}</p>", back], say)


def declined(notice: Notice, say: Language) -> str:
    """The answer to the form of a tip."""
    done = say("asked: the desk hears that '{title}' is of no use here; not by whom", title=notice.title(say.name))
    back = f'<p><a href="./?language={say.name}">{_text(say("Back to the page"))}</a></p>'
    return _document(say("not for me"), [f"<p>{_text(done)}</p>", back], say)


def problem(error: str, say: Language) -> str:
    """Why it was not done."""
    back = f'<p><a href="./?language={say.name}">{_text(say("Back to the page"))}</a></p>'
    return _document(say("not done"), [f"<p>{_text(error)}</p>", back], say)


_NAMES: Final = {language.ENGLISH: "English", language.DUTCH: "Nederlands"}
_ABOUT: Final = (
    "Keuring looks after the machine, not after you. Below is every value that it would send, with the reason; what is "
    "not here is not measured. The desk cannot run anything on this machine."
)


def _text(text: str) -> str:
    return escape(text, quote=True)


def _document(title: str, parts: Iterable[str], say: Language) -> str:
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="{say.name}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _notices(told: Sequence[Notice], token: str, say: Language) -> Iterator[str]:
    if not told:
        return
    yield f"<h2>{_text(say('From your service desk'))}</h2><ul>"
    for notice in reversed(told):
        body, link = notice.body(say.name), notice.link
        yield f"<li><strong>{_text(notices.heading(notice, say))}</strong>"
        yield "".join(f"<br>{_text(text)}" for text in (body, link) if text)  # an address is text here, and no link
        if notices.may_decline(notice):
            yield f'<form method="post" action="notice?language={say.name}">'
            yield f'<input type="hidden" name="token" value="{token}">'
            yield f'<button name="notice" value="{_text(notice.notice_id)}">{_text(say("not for me"))}</button></form>'
        yield "</li>"
    yield "</ul>"


def _pause(until: float | None, token: str, say: Language) -> Iterator[str]:
    yield f"<h2>{_text(say('Pause'))}</h2>"
    if until is None:
        yield f"<p>{_text(say('The agent is at work. You may let it rest; nothing is measured meanwhile.'))}</p>"
        wishes = [(wish, say(words)) for wish, words in DURATIONS.items()]
    else:
        yield f"<p><strong>{_text(say('paused until {until}', until=pause.clock(until)))}</strong></p>"
        wishes = [("off", say("Go on now"))]
    yield f'<form method="post" action="pause?language={say.name}"><input type="hidden" name="token" value="{token}">'
    yield "".join(f'<button name="duration" value="{wish}">{_text(shown)}</button>' for wish, shown in wishes)
    yield "</form>"
    yield f"<p><small>{_text(say(DESK_SEES))}</small></p>"


DESK_SEES: Final = "The desk sees that this machine is paused; not by whom, why, or until when."


def _sent(sent: Log, say: Language) -> Iterator[str]:
    yield f"<h2>{_text(say('What was sent in the last week'))}</h2>"
    if not sent.entries:
        yield f"<p>{_text(say('nothing'))}</p>"
        return
    size = log.readable(sum(entry.size for entry in sent.entries))
    yield f"<p>{_text(say('In all {size}; sendings: {count}.', size=size, count=len(sent.entries)))}</p>"
    yield f"<details><summary>{_text(say('Each of them, the newest first'))}</summary><ul>"
    for entry in reversed(sent.entries[-_LINES:]):
        yield f"<li>{_text(log.line(entry, say))}</li>"
    yield "</ul></details>"


def _signals(entries: Iterable[Entry], say: Language) -> Iterator[str]:
    title = ""
    for entry in entries:
        heading = show.title_of(entry.signal)
        if heading != title:
            if title:
                yield "</tbody></table></div>"
            title = heading
            yield f'<h3>{_text(say(title))}</h3><div class="wide"><table><thead><tr>'
            for column in (say("what"), say("value"), say("why"), say("last sent")):
                yield f'<th scope="col">{_text(column)}</th>'
            yield "</tr></thead><tbody>"
        yield _row(entry, say)
    if title:
        yield "</tbody></table></div>"


def _row(entry: Entry, say: Language) -> str:
    signal = entry.signal
    values = "<br>".join(_text(line) for line in show.lines(entry, say))
    known = f"{_text(signal.name)}, {_text(say(signal.privacy.name.lower()))}"
    sent = "–" if entry.sent is None else f"{_text(log.stamp(entry.sent.time))}<br>{_text(entry.sent.to)}"
    return (
        f'<tr><th scope="row">{_text(say(signal.brief))}<br><small>{known}</small></th><td>{values}</td>'
        f"<td>{_text(say(signal.purpose))}</td><td>{sent}</td></tr>"
    )
