"""What the service desk tells the colleague at this machine: kept for whoever looks, and what is answered to it.

Notices come with the collector's answers. The short child that sends keeps them in a file that every account may
read; the service shows nothing itself and reaches into no session. A notice is plain text: it is cut to a length, and
what could forge a line or turn it around is taken out. Nothing in it is opened or run.

What no longer holds stays for a week, marked as withdrawn or replaced: who read it before finds that out, and does not
look for it in vain.

That a tip is not for them a colleague says like a pause (pause.py): by the name of an empty file.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_agent import pause, state
from keuring_agent.errors import AgentError, StateError
from keuring_agent.privacy import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from keuring.report.v1 import report_pb2
    from keuring_agent.language import Language

FILE_NAME: Final = "notices.json"
ANNOUNCEMENT, TIP = "announcement", "tip"
_KINDS: Final = {1: ANNOUNCEMENT, 2: TIP}  # keuring.report.v1.NoticeKind
LANGUAGES: Final = ("nl", "en")
TITLE_LENGTH, BODY_LENGTH, LINK_LENGTH = 80, 400, 200
MOST: Final = 100  # notices that are kept; the oldest go first
WITHDRAWN, REPLACED = "withdrawn", "replaced"
_ENDS: Final = {1: WITHDRAWN, 2: REPLACED}  # keuring.report.v1.NoticeEnd
_ENDED_KEPT: Final = 7 * 86400.0  # seconds for which one is listed after it ended
_KEPT: Final = 90 * 86400.0  # seconds for which one is listed, if it does not expire before
_IDENTITY: Final = r"[A-Za-z0-9._-]{1,64}"
_LINK: Final = r"https://[!-~]+"
_REQUEST: Final = pause.NOT_OURS + r"([0-9a-f]{16})-[0-9a-f]{16}"
_MOST_REQUESTS: Final = 1000
RECEIVED, DECLINED = "received", "declined"


class Notice(NamedTuple):
    """Times are seconds since 1970 (``expires``: 0 for never); titles and bodies by language."""

    notice_id: str
    kind: str
    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    link: str
    expires: float
    received: float
    declined: bool = False
    told: str = ""  # what the collector knows of it: nothing, RECEIVED or DECLINED
    ended: str = ""  # WITHDRAWN or REPLACED, when it no longer holds

    def title(self, language: str) -> str:
        """In that language, if it is there."""
        return _in(self.titles, language)

    def body(self, language: str) -> str:
        """The same."""
        return _in(self.bodies, language)

    def is_over(self, now: float) -> bool:
        """Whether it is not to be shown any more."""
        return 0 < self.expires <= now or now - self.received > _KEPT


class Owed(NamedTuple):
    """Ids of notices that the collector does not know to be here, to be of no use here, or to be known as ended."""

    received: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next((texts[name] for name in LANGUAGES if texts.get(name)), "")


def understood(message: report_pb2.Notice, now: float) -> Notice | None:
    """A notice of the collector as it may be shown; None for one that cannot be."""
    titles = _texts(message.titles, TITLE_LENGTH)
    kind = _KINDS.get(message.kind)
    if kind is None or not titles or re.fullmatch(_IDENTITY, message.notice_id) is None:
        return None
    expires = message.expire_time.seconds + message.expire_time.nanos / 1e9 if message.HasField("expire_time") else 0.0
    link = message.link if re.fullmatch(_LINK, message.link) and len(message.link) <= LINK_LENGTH else ""
    return Notice(message.notice_id, kind, titles, _texts(message.bodies, BODY_LENGTH), link, expires, now)


def ended(message: report_pb2.EndedNotice) -> tuple[str, str] | None:
    """(id, how it ended) of one that no longer holds; None for what cannot be used. How it ended may be of a newer
    collector: then it is withdrawn.
    """
    if re.fullmatch(_IDENTITY, message.notice_id) is None:
        return None
    return message.notice_id, _ENDS.get(message.end, WITHDRAWN)


def _texts(texts: Mapping[str, str], length: int) -> dict[str, str]:
    """Those in languages that are shown, each on one line."""
    clean = {name: Gate.text(" ".join(texts[name].split()), length).strip() for name in LANGUAGES if name in texts}
    return {name: text for name, text in clean.items() if text}


def load(directory: Path, now: float) -> list[Notice]:
    """Those that still hold, the newest last; none where nothing can be read. For whoever wants to know."""
    try:
        found = state.read(directory / FILE_NAME) or {}
    except StateError:
        return []
    listed = found.get("notices")
    notices = [_kept(item) for item in (listed if isinstance(listed, list) else ())]
    return [notice for notice in notices if notice is not None and not notice.is_over(now)]


def _kept(item: Any) -> Notice | None:
    try:
        notice = Notice(**item)
        titles, bodies = _texts(dict(notice.titles), TITLE_LENGTH), _texts(dict(notice.bodies), BODY_LENGTH)
        times = float(notice.expires), float(notice.received)
    except (TypeError, ValueError, AttributeError):
        return None
    if not titles or notice.kind not in _KINDS.values() or re.fullmatch(_IDENTITY, str(notice.notice_id)) is None:
        return None
    link = notice.link if isinstance(notice.link, str) and re.fullmatch(_LINK, notice.link) else ""
    return notice._replace(
        titles=titles, bodies=bodies, link=link, expires=times[0], received=times[1], declined=notice.declined is True,
        ended=notice.ended if notice.ended in _ENDS.values() else "",
    )  # fmt: skip


def _every(directory: Path) -> list[Notice]:
    return load(directory, 0.0)  # at that time nothing was over


def _unconfirmed(directory: Path) -> list[str]:
    """Ids that the collector said to have ended, and does not know that we know."""
    try:
        found = (state.read(directory / FILE_NAME) or {}).get("ended")
    except StateError:
        return []
    listed = found if isinstance(found, list) else ()
    return [each for each in listed if isinstance(each, str) and re.fullmatch(_IDENTITY, each)]


def owed(directory: Path) -> Owed:
    """What the collector is to be told with the next report: also what colleagues asked since the last one."""
    asked = _take_requests(directory)
    found = _every(directory)
    if asked:
        found = [
            notice._replace(declined=True) if notice.kind == TIP and _mark(notice.notice_id) in asked else notice
            for notice in found
        ]
        with suppress(StateError):  # then it is asked again
            _store(directory, found, _unconfirmed(directory))
    declined = tuple(notice.notice_id for notice in found if notice.declined and notice.told != DECLINED)
    received = tuple(notice.notice_id for notice in found if not notice.told)
    return Owed(received, declined, tuple(_unconfirmed(directory)))


def keep(directory: Path, new: Sequence[Notice], told: Owed, now: float, over: Mapping[str, str] | None = None) -> None:
    """Keeps what came, what is ``over`` ({id: how it ended}), and that the collector knows what was owed to it.

    Raises StateError.
    """
    over = over or {}
    if not new and not over and not any(told):
        return
    kept = {notice.notice_id: notice for notice in _every(directory) if not notice.is_over(now)}
    for identity in told.received:
        if identity in kept:
            kept[identity] = kept[identity]._replace(told=RECEIVED)
    for identity in told.declined:
        if identity in kept:
            kept[identity] = kept[identity]._replace(told=DECLINED)
    for notice in new:
        before = kept.pop(notice.notice_id, None)
        if before is not None:  # sent again, for our answer was lost: what the colleague made of it stands
            notice = before._replace(told="")  # noqa: PLW2901  # in its place
        if not notice.is_over(now):
            kept[notice.notice_id] = notice
    for identity, how in over.items():
        if identity in kept and not kept[identity].ended:
            until = now + _ENDED_KEPT
            before = kept[identity]
            kept[identity] = before._replace(ended=how, expires=min(before.expires or until, until))
    # Also what was never here is confirmed, so that we are not told of it again.
    unconfirmed = [each for each in _unconfirmed(directory) if each not in told.ended and each not in over]
    _store(directory, list(kept.values())[-MOST:], [*unconfirmed, *over][-MOST:])


def _store(directory: Path, notices: Sequence[Notice], unconfirmed: Sequence[str]) -> None:
    document = {"notices": [notice._asdict() for notice in notices], "ended": list(unconfirmed)}
    state.write(directory / FILE_NAME, document, shared=True)


def decline(directory: Path, identity: str, now: float) -> Notice:
    """Asks the agent to tell the desk that a tip is not for this machine's colleague. Raises AgentError."""
    found = next((notice for notice in load(directory, now) if notice.notice_id == identity), None)
    if found is None:
        raise AgentError(f"there is no notice '{identity}'; `keuring-agent notices` lists them")
    if found.kind != TIP:
        raise AgentError(f"'{identity}' is an announcement; only a tip can be put aside as not for you")
    pause.request(directory, f"{pause.NOT_OURS}{_mark(identity)}")
    return found


def _mark(identity: str) -> str:
    """The name of a notice in the name of a file."""
    data = identity.encode()
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}"  # hashlib would cost each sending milliseconds


def _take_requests(directory: Path) -> set[str]:
    found = set()
    with suppress(OSError), os.scandir(directory / pause.REQUESTS) as entries:
        for entry in islice((each for each in entries if each.name.startswith(pause.NOT_OURS)), _MOST_REQUESTS):
            named = re.fullmatch(_REQUEST, entry.name)
            status = entry.stat(follow_symlinks=False)
            if named is not None and stat.S_ISREG(status.st_mode) and pause.may_ask(status.st_uid):
                found.add(named[1])
            pause.Pause.remove(entry)
    return found


def document(found: Sequence[Notice]) -> list[dict[str, Any]]:
    """As JSON."""
    return [{name: value for name, value in notice._asdict().items() if name != "told"} for notice in found]


def lines(found: Sequence[Notice], say: Language) -> Iterator[str]:
    """For a person, the newest first; none when there are none."""
    if not found:
        return
    yield say("From your service desk:")
    for notice in reversed(found):
        yield f"  {heading(notice, say)}"
        if body := notice.body(say.name):
            yield f"    {body}"
        if notice.link:
            yield f"    {notice.link}"
        if may_decline(notice):
            yield "    " + say("not for you? `keuring-agent notices --decline {id}`", id=notice.notice_id)


def may_decline(notice: Notice) -> bool:
    """Whether somebody may still say that it is not for them."""
    return notice.kind == TIP and not notice.declined and not notice.ended


def heading(notice: Notice, say: Language) -> str:
    """When it came, what it is, and its title."""
    from keuring_agent.log import stamp

    kind = say("tip") if notice.kind == TIP else say("announcement")
    aside = f" ({say('not for me')})" if notice.declined else ""
    if notice.ended:
        aside += f" ({say('withdrawn') if notice.ended == WITHDRAWN else say('replaced by a newer one')})"
    return f"{stamp(notice.received)}  {kind}{aside}: {notice.title(say.name)}"
