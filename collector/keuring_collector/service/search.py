"""Full-text search in articles, the same answers from SQLite and PostgreSQL.

Texts and queries are folded first (small letters, no accents), so that neither database needs an extension. A word
finds what begins with it; PostgreSQL also its stem. When a word is in no article, the nearest that is takes its place.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.db import connection, transaction
from django.db.models import Func, Subquery

from keuring_collector.desk.counting import lately
from keuring_collector.desk.prepared import prepared
from keuring_collector.service import spelling
from keuring_collector.service.models import Article, PackIndexed
from keuring_collector.store.article_index import ArticleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.db.models import QuerySet

Known: TypeAlias = "tuple[str, int | None]"  # of which pack, and how often those of the desk were written in all
DESK: Final = "desk"
PACK: Final = "pack"
MOST: Final = 200  # hits
MOST_WORDS: Final = 12  # of a query; the rest says little


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
    _index().put(source, slug, language, fold(title), " ".join(re.findall(r"[^\W_]+", fold(body))))


def follow_pack(fingerprint: str, texts: Callable[[], Iterable[tuple[str, str, str, str]]]) -> Known:
    """Takes in the pack's articles (slug, language, title, body) unless those with this fingerprint are known."""
    for known in _known():
        if known[0] == fingerprint:
            return known
    with transaction.atomic():
        PackIndexed.objects.get_or_create(id=1)
        row = PackIndexed.objects.select_for_update().get(id=1)
        if row.fingerprint != fingerprint:  # else another process did it meanwhile
            _index().clear(PACK)
            for text in texts():
                put(PACK, *text)
            row.fingerprint = fingerprint
            row.save()
    return _known()[0]


@prepared
def _known() -> QuerySet[PackIndexed, Known]:
    written = Article.objects.order_by().values(written=Func("version", function="SUM"))
    return PackIndexed.objects.values_list("fingerprint", Subquery(written))


def search(query: str, known: Known) -> Found:
    """The texts that have all words of ``query``, best first; with typing errors mended when nothing does, and then
    those that have some of the words. ``known``: which texts these are (see ``follow_pack``).
    """
    asked = words(query)
    if not asked:
        return Found(())
    index = _index()
    if hits := _matching(index, asked, all_of=True):
        return Found(hits)
    meant = _mended(index, asked, known)
    told = " ".join(meant) if meant != asked else ""
    found = (_matching(index, meant, all_of=True) if told else ()) or _matching(index, meant, all_of=False)
    return Found(found, told)


def _mended(index: ArticleIndex, asked: list[str], known: Known) -> list[str]:
    # Of the same texts the words stay the same.
    words = lately(("words of articles", known), index.vocabulary, bool)
    return [
        word if any(each.startswith(word) for each in words) else spelling.nearest(word, words) or word
        for word in asked
    ]


def _matching(index: ArticleIndex, asked: Sequence[str], *, all_of: bool) -> list[Hit]:
    return [Hit(*row) for row in index.matching(asked, all_of=all_of, most=MOST)]


def _index() -> ArticleIndex:
    return ArticleIndex(connection.vendor, _execute)


def _execute(statement: str, *values: str | int | list[str]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
