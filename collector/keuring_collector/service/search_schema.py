"""The tables of the full-text search, for each database. Texts in them are folded (see search.py)."""

from __future__ import annotations

from typing import Final

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


def statements(vendor: str) -> tuple[str, ...]:
    """What makes the tables."""
    return SQLITE if vendor == "sqlite" else POSTGRESQL


def dropping(vendor: str) -> tuple[str, ...]:
    """What takes them away again."""
    names = ("article_word", "article_search") if vendor == "sqlite" else ("article_search",)
    return tuple(f"DROP TABLE {name}" for name in names)
