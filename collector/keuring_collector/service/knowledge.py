"""Articles: the pack's and the desk's own as one collection, and writing the desk's.

A published article of the desk stands before the pack's of the same name, in each language that it has. Drafts are for
those who may write.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import ChangedMeanwhile, NotUnderstood
from keuring_collector.desk.prepared import prepared
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import search
from keuring_collector.service.models import Article, ArticleHelp, ArticleLink, ArticleVersion
from keuring_collector.service.models.knowledge import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff, Ticket
    from keuring_collector.rulepack import RulePack

LONGEST_BODY: Final = 50_000
MOST_LINKS: Final = 50
SLUG_LENGTH: Final = 80
_UNTOLD: Final = re.compile(r"!\[\s*\]\(")  # a picture without words
RESERVED: Final = frozenset({"new", "preview", "review", "feed", "index"})  # addresses of pages


@dataclass(frozen=True, slots=True)
class Read:
    """An article in one language. ``language`` is another than asked for when there is none in that."""

    slug: str
    language: str
    title: str
    markdown: str
    own: Article | None  # None: of the pack

    @property
    def is_draft(self) -> bool:
        """Whether only those who may write see it."""
        return self.own is not None and self.own.state == Article.State.DRAFT


@dataclass(frozen=True, slots=True)
class Content:
    """What somebody wants an article to be; ``links`` are (kind, value), rules by their id."""

    texts: Mapping[str, tuple[str, str]]  # language: title, Markdown
    links: Sequence[tuple[str, str]] = ()
    owner: Staff | None = None
    review_on: date | None = None
    published: bool = False
    for_colleagues: bool = False
    note: str = ""
    slug: str = field(default="")  # empty: made of the title


def split(markdown: str, slug: str) -> tuple[str, str]:
    """The title (the first heading, else the slug) and the rest."""
    first, _newline, rest = markdown.lstrip().partition("\n")
    if first.startswith("# "):
        return first[2:].strip(), rest
    return slug.replace("-", " ").replace("_", " ").capitalize(), markdown


@lru_cache(maxsize=4)
def pack_texts(pack: RulePack) -> Mapping[tuple[str, str], tuple[str, str]]:
    """(slug, language): title and Markdown of every article in the pack. A pack whose files change is another pack."""
    found = {}
    for slug in sorted({rule.article for rule in pack.rules.values() if rule.article}):
        for language in LANGUAGES:
            try:
                found[slug, language] = split(pack.article(slug, language), slug)
            except KeyError:
                continue
    return found


@lru_cache(maxsize=4)
def _fingerprint(pack: RulePack) -> str:
    return hashlib.sha256(repr(pack_texts(pack)).encode()).hexdigest()


def read(pack: RulePack, slug: str, language: str, *, drafts: bool = False) -> Read | None:
    """An article; None when there is none of that name that may be read."""
    own = next(iter(_named(slug)), None)
    if own is not None and own.state == Article.State.DRAFT and not drafts:
        own = None
    return _read(own, pack_texts(pack), slug, language)


@prepared
def _named(slug: Any) -> QuerySet[Article]:
    return Article.objects.select_related("owner", "from_ticket").filter(slug=slug)


def titles(pack: RulePack, slugs: Collection[str], language: str) -> dict[str, str]:
    """What articles that may be read are called, by their name."""
    own = {each.slug: each for each in _published(slugs)} if slugs else {}
    packed = pack_texts(pack)
    found = {slug: _read(own.get(slug), packed, slug, language) for slug in slugs}
    return {slug: each.title for slug, each in found.items() if each}


@prepared
def _published(slugs: Any) -> QuerySet[Article]:
    titles = (f"title_{language}" for language in LANGUAGES)
    return Article.objects.filter(slug__in=slugs, state=Article.State.PUBLISHED).only("slug", *titles)


def _read(
    own: Article | None, packed: Mapping[tuple[str, str], tuple[str, str]], slug: str, language: str
) -> Read | None:
    for each in (language, *(other for other in LANGUAGES if other != language)):
        if own is not None and own.title(each):
            return Read(slug, each, own.title(each), own.body(each), own)
        if (slug, each) in packed:
            title, markdown = packed[slug, each]
            return Read(slug, each, title, markdown, None)
    return None


def everything(pack: RulePack, language: str, *, drafts: bool = False) -> list[Read]:
    """All articles that may be read, by title."""
    own = {each.slug: each for each in _all(drafts)}
    packed = pack_texts(pack)
    found = (_read(own.get(slug), packed, slug, language) for slug in {*own, *(slug for slug, _lang in packed)})
    return sorted((each for each in found if each), key=lambda each: (search.fold(each.title), each.slug))


@prepared
def _all(drafts: bool) -> QuerySet[Article]:
    owned = Article.objects.select_related("owner")
    return owned if drafts else owned.filter(state=Article.State.PUBLISHED)


def find(pack: RulePack, query: str, language: str, *, drafts: bool = False) -> tuple[list[Read], str]:
    """The articles that fit, best first, and what was searched for when that is not what was typed.

    One that fits in the other language comes too, after those that fit in this one.
    """
    found = search.search(query, follow(pack))
    shown = {each.slug: each for each in everything(pack, language, drafts=drafts)} if found.hits else {}
    slugs = [hit.slug for hit in sorted(found.hits, key=lambda hit: hit.language != language) if _is_shown(hit, shown)]
    return [shown[slug] for slug in dict.fromkeys(slugs)], found.meant


def _is_shown(hit: search.Hit, shown: Mapping[str, Read]) -> bool:
    """Whether the text that fits is one that is read: not a draft, nor one of the pack behind one of the desk."""
    each = shown.get(hit.slug)
    if each is None:
        return False
    if hit.source == search.DESK:
        return each.own is not None
    return each.own is None or not each.own.title(hit.language)


def follow(pack: RulePack) -> search.Known:
    """Lets the search know the pack's articles as they are now, and tells which it knows."""

    def texts() -> list[tuple[str, str, str, str]]:
        return [(slug, language, *text) for (slug, language), text in pack_texts(pack).items()]

    return search.follow_pack(_fingerprint(pack), texts)


def beside(
    pack: RulePack, slug: str, about: Sequence[tuple[str, str]], language: str
) -> tuple[Read | None, list[Read]]:
    """The article of that name, and the desk's published ones that are linked to something, as (kind, value)."""
    own = {each.slug: each for each in _about(slug, *chain.from_iterable(about))}
    packed = pack_texts(pack)
    named = _read(own.pop(slug, None), packed, slug, language) if slug else None
    return named, [found for each in own.values() if (found := _read(each, packed, each.slug, language))]


@prepared
def _about(slug: Any, *about: Any) -> QuerySet[Article]:
    """Those of that name, and those linked to ``about``: kind and value in turns."""
    wanted = Q(slug=slug)
    for kind, value in zip(about[::2], about[1::2], strict=True):
        wanted |= Q(pk__in=ArticleLink.objects.filter(kind=kind, value=value).values("article"))
    return Article.objects.filter(wanted, state=Article.State.PUBLISHED)


def save(
    article: Article | None, content: Content, *, actor: Staff | None, now: datetime, seen: int | None = None,
    ticket: Ticket | None = None,
) -> Article:  # fmt: skip
    """Makes an article or a new version of one. Raises NotUnderstood for what cannot be used, and ChangedMeanwhile
    when there is a newer version than ``seen``.
    """
    texts, links = _checked_texts(content), _checked_links(content.links)
    with transaction.atomic():
        if article is None:
            article = Article(slug=_free_slug(content, texts), from_ticket=ticket, changed_at=now)
        else:
            article = Article.objects.select_for_update().get(pk=article.pk)
            if seen is not None and seen != article.version:
                raise ChangedMeanwhile(
                    _("Somebody else changed this article while you were writing. Copy your text, and begin anew.")
                )
        state = Article.State.PUBLISHED if content.published else Article.State.DRAFT
        article.state, article.owner, article.review_on = state, content.owner, content.review_on
        article.for_colleagues = content.for_colleagues
        article.changed_at = now
        article.version += 1
        fields = {f"{part}_{language}": text for language in LANGUAGES
                  for part, text in zip(("title", "body"), texts[language], strict=True)}  # fmt: skip
        for name, text in fields.items():
            setattr(article, name, text)
        article.save()
        article.links.all().delete()
        ArticleLink.objects.bulk_create(ArticleLink(article=article, kind=kind, value=value) for kind, value in links)
        ArticleVersion.objects.create(
            article=article, number=article.version, at=now, by=actor, state=state, links=links,
            note="".join(each for each in content.note if each.isprintable()).strip()[:200], **fields,
        )  # fmt: skip
        detail = {"version": article.version, "colleagues": article.for_colleagues}
        for language in LANGUAGES:
            search.put(search.DESK, article.slug, language, *texts[language])
        audit.record_now(actor, "article.changed", f"article/{article.slug}", detail)
    return article


def _checked_texts(content: Content) -> dict[str, tuple[str, str]]:
    texts = {}
    for language in LANGUAGES:
        title, body = (part.replace("\r\n", "\n").strip() for part in content.texts.get(language, ("", "")))
        if body and not title:
            raise NotUnderstood(f"title_{language}", _("Give the text a title: it is what others look for."))
        if title and content.published and not body:
            raise NotUnderstood(f"body_{language}", _("There is a title without a text. Write one, or keep a draft."))
        if len(title) > LONGEST_TITLE or not (title.isprintable()):
            raise NotUnderstood(f"title_{language}", _("A title is one line of at most 200 characters."))
        if len(body) > LONGEST_BODY or "\0" in body:
            raise NotUnderstood(f"body_{language}", _("That is longer than fits (50,000 characters). Make two of it."))
        if _UNTOLD.search(body):
            raise NotUnderstood(
                f"body_{language}", _("Say between the brackets of ![…] what the picture shows, for who cannot see it.")
            )
        texts[language] = (title, body)
    if not any(title for title, _body in texts.values()):
        raise NotUnderstood("title_nl", _("Write a title, in Dutch or in English."))
    return texts


def _checked_links(links: Sequence[tuple[str, str]]) -> list[list[str]]:
    found = list(dict.fromkeys((kind, value.strip()) for kind, value in links if value.strip()))
    for kind, value in found:
        if len(value) > 256 or not value.isprintable():
            raise NotUnderstood(kind, _("A name has at most 256 characters; write one a line."))
    if len(found) > MOST_LINKS:
        raise NotUnderstood(found[-1][0], _("An article is about fifty things at most."))
    return [list(link) for link in found]


def _free_slug(content: Content, texts: Mapping[str, tuple[str, str]]) -> str:
    """The address of a new article: the one asked for, else of its title, with a number when it is taken."""
    if content.slug:
        if not re.fullmatch(r"[a-z0-9-]{1,80}", content.slug) or content.slug in RESERVED:
            raise NotUnderstood("slug", _("An address is small letters, digits and hyphens, and no page of Keuring."))
        if Article.objects.filter(slug=content.slug).exists():
            raise NotUnderstood("slug", _("There is an article at this address already; change that one."))
        return content.slug
    title = texts["nl"][0] or texts["en"][0]
    base = slugify(title)[: SLUG_LENGTH - 4].strip("-_") or "article"
    taken = {*RESERVED, *Article.objects.filter(slug__startswith=base).values_list("slug", flat=True)}
    return next(slug for n in range(1, len(taken) + 2) if (slug := base if n == 1 else f"{base}-{n}") not in taken)


def due(today: date) -> list[Article]:
    """The desk's articles whose review date is today or has passed, the oldest first."""
    return list(Article.objects.filter(review_on__lte=today).select_related("owner").order_by("review_on", "slug"))


def count_help(slug: str, *, helped: bool) -> None:
    """One more reader whom an article helped, or did not."""
    field_name = "yes" if helped else "no"
    ArticleHelp.objects.get_or_create(slug=slug)
    ArticleHelp.objects.filter(slug=slug).update(**{field_name: F(field_name) + 1})
