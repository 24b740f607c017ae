"""Event logs, by narrow XPath queries through EvtQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows.api import MOST_EVENTS
from keuring_agent.host.windows.cim import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH: Final = 64
_WAIT: Final = 2000  # milliseconds for a batch
_DENIED, _NO_CHANNEL, _NO_ITEMS = 5, 15007, 259


def newest(channel: str) -> int:
    """The number of the newest record; 0 for an empty log."""
    import win32evtlog

    from keuring_agent.host.windows import events

    api: Any = win32evtlog
    flags = api.EvtQueryChannelPath | api.EvtQueryReverseDirection
    for text in _read(api, channel, flags, "*", 0, 1):
        found = events.parse(text)
        return found.record if found else 0
    return 0


def read(channel: str, query: str, after: int) -> list[str]:
    """XML of events, oldest first."""
    import win32evtlog

    api: Any = win32evtlog
    flags = api.EvtQueryChannelPath | api.EvtQueryForwardDirection
    return list(_read(api, channel, flags, query, after, MOST_EVENTS))


def _read(api: Any, channel: str, flags: int, query: str, after: int, most: int) -> Iterator[str]:
    import pywintypes

    try:
        found = api.EvtQuery(channel, flags, query)
        if after:
            # Windows then begins there instead of trying the query on all before it: at the record itself, or, as that
            # need not fit the query, beside it.
            mark = api.EvtCreateBookmark(
                f"<BookmarkList><Bookmark Channel='{channel}' RecordId='{after}' IsCurrent='true'/></BookmarkList>"
            )
            api.EvtSeek(found, 0, api.EvtSeekRelativeToBookmark, mark)
        count = 0
        while count < most and (handles := api.EvtNext(found, min(_BATCH, most - count), _WAIT)):
            for handle in handles:
                count += 1
                yield api.EvtRender(handle, api.EvtRenderEventXml)
    except pywintypes.error as error:
        if error.winerror == _NO_ITEMS:
            return
        reasons = {_DENIED: REFUSED, _NO_CHANNEL: "this edition of Windows does not keep this event log"}
        raise NotMeasurable(reasons.get(error.winerror, "Windows' event log cannot be read")) from error
