"""What of an article is for colleagues: all before the heading that says that the rest is for the service desk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from keuring_collector.service.knowledge import Read

# The headings, as the editor tells writers of articles.
FOR_THE_DESK: Final = {"nl": "Voor de servicedesk", "en": "For the service desk"}
_HEADING: Final = re.compile(
    rf"^##[ \t]+(?:{'|'.join(FOR_THE_DESK.values())})[ \t]*#*[ \t]*$", re.IGNORECASE | re.MULTILINE
)


def part(markdown: str) -> str:
    """The Markdown that colleagues read."""
    return _HEADING.split(markdown, maxsplit=1)[0].strip()


def desk_part(markdown: str) -> str:
    """The Markdown below the heading; empty without one."""
    return (_HEADING.split(markdown, maxsplit=1)[1:] or [""])[0].strip()


def may_read(found: Read) -> bool:
    """Whether an article is marked for colleagues. Those of the pack are when they say what is for the desk."""
    if found.own is not None:
        return found.own.for_colleagues and not found.is_draft
    return bool(_HEADING.search(found.markdown))


def plain(markdown: str) -> str:
    """The part for colleagues as text for a mail: without marks, headings as lines."""
    text = re.sub(r"^#+[ \t]+(.*)$", r"\1", part(markdown), flags=re.MULTILINE)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", r"\1 (\2)", text)
    return re.sub(r"\*\*|(?<!\w)\*|\*(?!\w)|`", "", text).strip()
