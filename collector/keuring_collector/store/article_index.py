"""The tables of the full-text search in articles, and what is asked of them: FTS5 in SQLite, tsvector in PostgreSQL.

Texts and words are folded by the caller (small letters, no accents), so that neither database needs an extension. The
caller holds the connection, so that the index changes in the transaction of the article.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Execute(Protocol):
    """What runs one statement on the caller's connection."""

    def __call__(self, statement: str, *values: str | int | list[str]) -> list[Any]:
        """Runs it with ``values`` in the place of each ``%s``, and returns its rows."""


# bm25 weighs the columns; prefixes of two and three letters have an index of their own.
SQLITE: Final = (
    "CREATE VIRTUAL TABLE article_search USING fts5("
    "title, body, source UNINDEXED, slug UNINDEXED, language UNINDEXED, tokenize='unicode61', prefix='2 3')",
    "CREATE VIRTUAL TABLE article_word USING fts5vocab(article_search, 'row')",
)
POSTGRESQL: Final = (
    "CREATE TABLE article_search (source text NOT NULL, slug text NOT NULL, language text NOT NULL, "
    "document tsvector NOT NULL, PRIMARY KEY (source, slug, language))",
    "CREATE INDEX article_search_document ON article_search USING gin (document)",
)
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
_STEMS: Final = (
    "SELECT word, tsvector_to_array(to_tsvector('dutch', word) || to_tsvector('english', word)) "
    "FROM unnest(CAST(%s AS text[])) AS word"
)
VOCABULARY: Final = {
    "sqlite": "SELECT term, doc FROM article_word",
    "postgresql": "SELECT word, ndoc FROM ts_stat('SELECT document FROM article_search')",
}


def making(vendor: str) -> tuple[str, ...]:
    """The statements that make the tables."""
    return SQLITE if vendor == "sqlite" else POSTGRESQL


def dropping(vendor: str) -> tuple[str, ...]:
    """What takes them away again."""
    names = ("article_word", "article_search") if vendor == "sqlite" else ("article_search",)
    return tuple(f"DROP TABLE {name}" for name in names)


class ArticleIndex:
    """The index in a database of this ``vendor``."""

    def __init__(self, vendor: str, execute: Execute) -> None:
        self._vendor = vendor
        self._execute = execute
        self._told: dict[str, str] = {}  # a search that mends its words asks for those that were right again

    def put(self, source: str, slug: str, language: str, title: str, body: str) -> None:
        """Takes a text in, in place of what was there; a text without title and body goes."""
        delete = "DELETE FROM article_search WHERE source = %s AND slug = %s AND language = %s"
        self._execute(delete, source, slug, language)
        if not title and not body:
            return
        if self._vendor == "sqlite":
            self._execute(_INSERT["sqlite"], title, body, source, slug, language)
        else:
            # An index entry holds at most a megabyte of words; no article of people comes near.
            body = body[:200_000]
            stems = f"{title} {body}"
            self._execute(_INSERT["postgresql"], title, body, _CONFIGURATIONS[language], stems, source, slug, language)

    def clear(self, source: str) -> None:
        """Takes away all texts of a source."""
        self._execute("DELETE FROM article_search WHERE source = %s", source)

    def vocabulary(self) -> dict[str, int]:
        """The words that stand in the texts, and in how many."""
        return dict(self._execute(VOCABULARY[self._vendor]))

    def matching(self, words: Sequence[str], *, all_of: bool, most: int) -> list[tuple[str, str, str]]:
        """Source, slug and language of the texts with all or some of ``words`` (letters and digits), best first."""
        if self._vendor == "sqlite":
            match = (" AND " if all_of else " OR ").join(f'"{word}"*' for word in words)
        else:
            self._learn(words)
            match = (" & " if all_of else " | ").join(self._told[word] for word in words)
        return self._execute(_SELECT[self._vendor], match, most)

    def _learn(self, words: Sequence[str]) -> None:
        """What to ask PostgreSQL for each word: what begins with it, or has its stem in one of the languages."""
        if unknown := [word for word in words if word not in self._told]:
            for word, stems in self._execute(_STEMS, unknown):
                self._told[word] = "(" + " | ".join([f"'{word}':*", *(f"'{stem}'" for stem in stems)]) + ")"
