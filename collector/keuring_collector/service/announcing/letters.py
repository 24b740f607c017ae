"""An announcement as it is mailed and as a machine shows it: plain text, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.text import Truncator
from django.utils.translation import override
from markdown_it import MarkdownIt

from keuring_collector.desk import wording
from keuring_collector.desk.placeholders import first_name
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service.announcing import timing
from keuring_collector.store.notices import Kind, Notice

if TYPE_CHECKING:
    from datetime import datetime

    from markdown_it.token import Token

    from keuring_collector.service.models import Announcement, AnnouncementVersion

TITLE_LENGTH, BODY_LENGTH = 80, 400  # of a notice, as the contract has it
POST_LENGTH: Final = 3500  # of a message in a chat; Mattermost takes 4,000 characters
_PARSER: Final = MarkdownIt("commonmark", {"html": False})
# Both languages are written, not translated.
WORDS: Final = {
    "nl": {
        "hello": "Hallo {name},",
        "when": "Wanneer",
        "means": "Wat betekent het voor jou",
        "must": "Wat moet je doen",
        "nothing": "Je hoeft niets te doen.",
        "why": "Waarom",
        "first": "{title}",
        "reminder": "Binnenkort: {title}",
        "change": "Gewijzigd: {title}",
        "withdrawn": "Gaat niet door: {title}",
        "is_off": "Dit gaat niet door: {title}.",
        "changed": "We vertelden je dit eerder. Dit is er veranderd:",
        "reminded": "We vertelden je dit eerder; het komt nu dichtbij.",
        "read": "Lees het na op {address}",
        "because": "Je krijgt dit bericht omdat het over jouw machine gaat.",
        "trial": "Keuring kan hier berichten plaatsen",
        "try": "De servicedesk probeerde dit kanaal. Je hoeft niets te doen.",
        "some": "Dit gaat over een deel van de machines.",
        "greeting": "Groet, de servicedesk",
    },
    "en": {
        "hello": "Hello {name},",
        "when": "When",
        "means": "What it means for you",
        "must": "What you need to do",
        "nothing": "There is nothing you need to do.",
        "why": "Why",
        "first": "{title}",
        "reminder": "Coming soon: {title}",
        "change": "Changed: {title}",
        "withdrawn": "Called off: {title}",
        "is_off": "This will not happen: {title}.",
        "changed": "We told you about this before. This has changed:",
        "reminded": "We told you about this before; it is near now.",
        "read": "Read it again at {address}",
        "because": "You get this message because it is about your machine.",
        "trial": "Keuring can post here",
        "try": "The service desk tried this channel. There is nothing you need to do.",
        "some": "This is about some of the machines.",
        "greeting": "Kind regards, the service desk",
    },
}


def language_of(announcement: Announcement, wanted: str) -> str:
    """The language to speak: the wanted one, if it is written in that."""
    order = (wanted, *LANGUAGES)
    return next((each for each in order if each in LANGUAGES and announcement.text("title", each)), "nl")


def kind_of(occasion: str) -> str:
    """What an occasion is: "first", "change", "reminder" or "withdrawn"."""
    return occasion.partition("-")[0]


def kind_of_notice(identity: str) -> str:
    """The same, of a notice's id."""
    return identity.rpartition("-")[2]


def heading(announcement: Announcement, occasion: str, language: str) -> str:
    """The subject of the mail, and the title of the notice."""
    return WORDS[language][kind_of(occasion)].format(title=announcement.text("title", language))


def body(
    announcement: Announcement, occasion: str, language: str, name: str, now: datetime, address: str,
    before: AnnouncementVersion | None,
) -> str:  # fmt: skip
    """The mail to a colleague. ``before``: the version that they know, of a change; ``address``: where to read it."""
    words, kind = WORDS[language], kind_of(occasion)
    lines = [words["hello"].format(name=first_name(name)), ""]
    with override(language):
        if kind == "withdrawn":
            lines += [words["is_off"].format(title=announcement.text("title", language)), announcement.withdrawn_why]
        else:
            lines += _told_before(announcement, kind, language, now, before)
            lines += _parts(announcement, language, now)
    lines += ["", *([words["read"].format(address=address)] if address else []), words["because"], words["greeting"]]
    return "\n".join(lines)


def trial(language: str) -> tuple[str, str]:
    """The heading and the text of a message that only tries a chat channel."""
    return WORDS[language]["trial"], WORDS[language]["try"]


def post(
    announcement: Announcement, occasion: str, language: str, now: datetime, address: str,
    before: AnnouncementVersion | None,
) -> str:  # fmt: skip
    """What a chat channel shows below the heading: the same as the mail, to nobody by name."""
    words, kind = WORDS[language], kind_of(occasion)
    with override(language):
        if kind == "withdrawn":
            lines = [words["is_off"].format(title=announcement.text("title", language)), announcement.withdrawn_why]
        else:
            # The heading has the title already.
            lines = [*_told_before(announcement, kind, language, now, before), *_parts(announcement, language, now)[1:]]
    end = [words["some"]] if any(announcement.audience.values()) else []
    end += [words["read"].format(address=address)] if address else []
    told = Truncator("\n".join(lines).strip()).chars(POST_LENGTH)
    return "\n\n".join([told, *end])


def _told_before(
    announcement: Announcement, kind: str, language: str, now: datetime, before: AnnouncementVersion | None
) -> list[str]:
    if kind == "reminder":
        return [WORDS[language]["reminded"], ""]
    if kind != "change":
        return []
    note = announcement.versions.filter(number=announcement.changed).values_list("note", flat=True).first()
    changes = timing.changes(before, announcement, now) if before else []
    return [WORDS[language]["changed"], *(f"- {each}" for each in (*changes, note) if each), ""]


def _parts(announcement: Announcement, language: str, now: datetime) -> list[str]:
    words = WORDS[language]
    must = plain(announcement.text("must", language)) or words["nothing"]
    parts = [
        (words["when"], wording.capitalised(timing.in_words(announcement, now))),
        (words["means"], plain(announcement.text("means", language))),
        (words["must"], must),
        (words["why"], plain(announcement.text("why", language))),
    ]
    return [f"{announcement.text('title', language)}", *(f"\n{name}\n{text}" for name, text in parts if text)]


def notice(announcement: Announcement, occasion: str, now: datetime, address: str, expires_at: float) -> Notice:
    """What the machine shows, in each language that is written. Another version is another notice."""
    titles, bodies = {}, {}
    for language in LANGUAGES:
        if not announcement.text("title", language):
            continue
        with override(language):
            titles[language] = Truncator(heading(announcement, occasion, language)).chars(TITLE_LENGTH)
            told = announcement.withdrawn_why if occasion == "withdrawn" else _short(announcement, language, now)
        bodies[language] = Truncator(told).chars(BODY_LENGTH)
    # Only an address by https is shown by agents.
    link = address if address.startswith("https://") else ""
    identity = f"announcement-{announcement.pk}-{announcement.version}-{kind_of(occasion)}"
    return Notice(identity, Kind.ANNOUNCEMENT, titles, bodies, link, expires_at)


def _short(announcement: Announcement, language: str, now: datetime) -> str:
    """When, what to do, and what it means: the first things first, since the end may be cut off."""
    must = plain(announcement.text("must", language)) or WORDS[language]["nothing"]
    when = wording.capitalised(timing.in_words(announcement, now))
    return " ".join(f"{when}. {must} {plain(announcement.text('means', language))}".split())


def plain(markdown: str) -> str:
    """Markdown as plain text; a list keeps its marks, a link its address."""
    tokens = _PARSER.parse(markdown)
    lines: list[str] = []
    marks: list[int] = []  # of each list around us: 0, or the number of its next item
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            marks.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            marks.pop()
        elif token.type == "list_item_open":
            lines.append(f"{marks[-1]}. " if marks[-1] else "- ")
            marks[-1] += bool(marks[-1])
        elif token.type in ("inline", "fence", "code_block"):
            text = _inline(token)
            if lines and lines[-1].endswith((". ", "- ")):
                lines[-1] += text
            else:
                lines.append(text)
    return "\n".join(lines).strip()


def _inline(token: Token) -> str:
    told: list[str] = []
    address = ""
    for child in token.children or ():
        if child.type == "link_open":
            address = str(child.attrs.get("href", ""))
        elif child.type == "link_close":
            told.append("" if told and told[-1] == address else f" ({address})")
        elif child.type in ("softbreak", "hardbreak"):
            told.append(" ")
        else:
            told.append(child.content)
    return "".join(told) if token.children else token.content.rstrip()
