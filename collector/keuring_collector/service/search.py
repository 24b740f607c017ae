"""Full-text search in articles: FTS5 in SQLite, tsvector in PostgreSQL, the same answers from both.

Texts and queries are folded first (small letters, no accents), so that neither database needs an extension. A word
finds what begins with it; PostgreSQL also its stem. When a word is in no article, the nearest that is takes its place.
This file alone speaks SQL here: Django's ORM knows no FTS5.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction

from keuring_collector.service import spelling
from keuring_collector.service.models import PackIndexed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

DESK: Final = "desk"
PACK: Final = "pack"
MOST: Final = 200  # hits
MOST_WORDS: Final = 12  # of a query; the rest says little
_CONFIGURATIONS: Final = {"nl": "dutch", "en": "english"}
_INSERT: Final = {
    "sqlite": "INSERT INTO article_search (title, body, source, slug, language) VALUES (%s, %s, %s, %s, %s)",
    "postgresql": (
        "INSERT INTO article_search (document, source, slug, language) VALUES ("
        "setweight(to_tsvector('simple', %s), 'A') || to_tsvector('simple', %s) || "
        "to_tsvector(%s::regconfig, %s), %s, %s, %s)"
    ),
}
_SELECT: Final = {
    "sqlite": (
        "SELECT source, slug, language FROM article_search WHERE article_search MATCH %s "
        "ORDER BY bm25(article_search, 8.0, 1.0), slug, language LIMIT %s"
    ),
    "postgresql": (
        "SELECT source, slug, language FROM article_search, to_tsquery('simple', %s) AS asked "
        "WHERE document @@ asked "
        "ORDER BY ts_filter(document, '{a}') @@ asked DESC, ts_rank(document, asked, 2) DESC, slug, language LIMIT %s"
    ),
}
_VOCABULARY: Final = {
    "sqlite": "SELECT term, doc FROM article_word",
    "postgresql": "SELECT word, ndoc FROM ts_stat('SELECT document FROM article_search')",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One text that fits."""

    source: str  # DESK or PACK
    slug: str
    language: str


@dataclass(frozen=True, slots=True)
class Found:
    """What fits, best first. ``meant``: the words that were searched for, when they are not those that were typed."""

    hits: Sequence[Hit]
    meant: str = ""


def fold(text: str) -> str:
    """Small letters without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).replace("\0", " ")


def words(query: str) -> list[str]:
    """The words of a query: letters and digits alone, so that nothing in it has a meaning to a database."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", fold(query))))[:MOST_WORDS]


def put(source: str, slug: str, language: str, title: str, body: str) -> None:
    """Takes a text in, in place of what was there; a text without title and body goes. In the transaction in force."""
    _execute("DELETE FROM article_search WHERE source = %s AND slug = %s AND language = %s", source, slug, language)
    title, body = fold(title), " ".join(re.findall(r"[^\W_]+", fold(body)))
    if not title and not body:
        return
    if connection.vendor == "sqlite":
        _execute(_INSERT["sqlite"], title, body, source, slug, language)
    else:
        # An index entry holds at most a megabyte of words; no article of people comes near.
        body = body[:200_000]
        stems = f"{title} {body}"
        _execute(_INSERT["postgresql"], title, body, _CONFIGURATIONS[language], stems, source, slug, language)


def follow_pack(fingerprint: str, texts: Callable[[], Iterable[tuple[str, str, str, str]]]) -> None:
    """Takes in the pack's articles (slug, language, title, body) unless those with this fingerprint are known."""
    if PackIndexed.objects.filter(fingerprint=fingerprint).exists():
        return
    with transaction.atomic():
        PackIndexed.objects.get_or_create(id=1)
        row = PackIndexed.objects.select_for_update().get(id=1)
        if row.fingerprint == fingerprint:
            return  # another process did it meanwhile
        _execute("DELETE FROM article_search WHERE source = %s", PACK)
        for text in texts():
            put(PACK, *text)
        row.fingerprint = fingerprint
        row.save()


def search(query: str) -> Found:
    """The texts that have all words of ``query``, best first; with typing errors mended when nothing does, and then
    those that have some of the words.
    """
    asked = words(query)
    if not asked:
        return Found(())
    if hits := _matching(asked, all_of=True):
        return Found(hits)
    meant = _mended(asked)
    told = " ".join(meant) if meant != asked else ""
    return Found(_matching(meant, all_of=True) or _matching(meant, all_of=False), told)


def _mended(asked: list[str]) -> list[str]:
    known: dict[str, int] = dict(_execute(_VOCABULARY[connection.vendor]))
    return [
        word if any(each.startswith(word) for each in known) else spelling.nearest(word, known) or word
        for word in asked
    ]


def _matching(asked: Sequence[str], *, all_of: bool) -> list[Hit]:
    if connection.vendor == "sqlite":
        match = (" AND " if all_of else " OR ").join(f'"{word}"*' for word in asked)
    else:
        match = (" & " if all_of else " | ").join(_either(word) for word in asked)
    return [Hit(*row) for row in _execute(_SELECT[connection.vendor], match, MOST)]


def _either(word: str) -> str:
    """A word for PostgreSQL: what begins with it, or has its stem in one of the languages."""
    stems = _execute(
        "SELECT unnest(tsvector_to_array(to_tsvector('dutch', %s) || to_tsvector('english', %s)))", word, word
    )
    return "(" + " | ".join([f"'{word}':*", *(f"'{stem}'" for (stem,) in stems)]) + ")"


def _execute(statement: str, *values: str | int) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
