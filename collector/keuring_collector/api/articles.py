"""The desk's articles beside their texts: versions, what is due for review, and pictures.

Its operations stand in the router of those that read the same addresses.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Path, Query, Schema
from ninja.files import UploadedFile  # noqa: TC002 - ninja asks for it

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL
from keuring_collector.api.desk import Name
from keuring_collector.api.desk import router as articles
from keuring_collector.api.problems import Problem
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing, Texts
from keuring_collector.console import pack
from keuring_collector.console.views.knowledge import picture_of, to_review, versions_of
from keuring_collector.desk.roles import Right
from keuring_collector.service import knowledge, pictures
from keuring_collector.service.models import Article, ArticlePicture, ArticleVersion

REFUSED = {**ERRORS, 409: Problem}
PictureName = Annotated[str, Path(max_length=64, pattern=r"^[0-9a-f]{16}-\d{1,5}x\d{1,5}\.(png|jpg|webp)$")]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Alt = Annotated[str, Form(max_length=pictures.LONGEST_ALT, pattern=NO_NUL)]


class VersionKept(Schema):
    """An article as somebody left it."""

    number: int
    on: date
    by: str
    state: Literal["draft", "published"]
    note: str
    title: Texts
    body: Texts


class ChangedLine(Schema):
    """A line of what changed: ``+`` came, ``-`` went, empty stands around it, ``…`` lines are left out."""

    mark: Literal["+", "-", "", "…"]
    text: str


class ArticleChange(Schema):
    """What changed in one language, or in what the article belongs to."""

    part: str
    lines: list[ChangedLine]


class Versions(Schema):
    """All versions, the newest first; ``changes`` from ``older`` to ``newer``, by their numbers."""

    versions: list[VersionKept]
    older: int | None
    newer: int | None
    changes: list[ArticleChange]


class ToReview(Schema):
    """An article that somebody should read again."""

    slug: str
    title: Texts
    owner: str
    review_on: date
    due: bool


class Picture(Schema):
    """A picture, which stands in a text as ``![alt](picture:name)``. Sizes in bytes and pixels."""

    name: str
    kind: str
    size: int
    width: int
    height: int
    alt: Texts


def _texts(found: Article | ArticleVersion) -> tuple[Texts, Texts]:
    title, body = ({code: told(code) for code in ("nl", "en")} for told in (found.title, found.body))
    return Texts(**title), Texts(**body)


def _version(found: ArticleVersion) -> VersionKept:
    title, body = _texts(found)
    same = {name: getattr(found, name) for name in ("number", "state", "note")}
    by = found.by.get_username() if found.by else ""
    return VersionKept(**same, on=timezone.localtime(found.at).date(), by=by, title=title, body=body)


@articles.get(
    "/articles/{slug}/versions", auth=auth.RULES_READ, response={200: Versions, **ERRORS},
    operation_id="list_article_versions",
)  # fmt: skip
def versions(
    request: HttpRequest,  # noqa: ARG001 - ninja's
    slug: Name, older: Number = None, newer: Number = None,
) -> Versions:  # fmt: skip
    """Every version of an article, and what changed between two: those asked for, else the last two."""
    told = versions_of(slug, str(older or ""), str(newer or ""))
    first, last = told["older"], told["newer"]
    return Versions(
        versions=[_version(each) for each in told["versions"]],
        older=first.number if first else None, newer=last.number if last else None,
        changes=[
            ArticleChange(part=str(part), lines=[ChangedLine(mark=mark.strip(), text=text) for mark, text in lines])
            for part, lines in told["changes"]
        ],
    )  # fmt: skip


@articles.get(
    "/article-reviews", auth=auth.RULES_READ, response={200: list[ToReview], **ERRORS},
    operation_id="list_articles_to_review",
)  # fmt: skip
def reviews(request: HttpRequest) -> list[ToReview]:  # noqa: ARG001 - ninja's
    """The articles that are due for review, and the twenty that come next."""
    due, coming = to_review()
    return [
        ToReview(
            slug=each.slug, title=_texts(each)[0], owner=each.owner.get_username() if each.owner else "",
            review_on=each.review_on, due=is_due,
        )
        for found, is_due in ((due, True), (coming, False))
        for each in found
        if each.review_on
    ]  # fmt: skip


def _picture(found: ArticlePicture) -> Picture:
    same = {name: getattr(found, name) for name in ("name", "kind", "size", "width", "height")}
    return Picture(**same, alt=Texts(nl=found.alt_nl, en=found.alt_en))


def _own(slug: str) -> Article:
    found = Article.objects.filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such article of the desk's own.")
    return found


@articles.get(
    "/articles/{slug}/pictures", auth=auth.RULES_READ, response={200: list[Picture], **ERRORS},
    operation_id="list_article_pictures",
)  # fmt: skip
def list_pictures(request: HttpRequest, slug: Name) -> list[Picture]:  # noqa: ARG001 - ninja's
    """The pictures of an article of the desk."""
    return [_picture(each) for each in _own(slug).pictures.defer("content")]


@articles.post(
    "/articles/{slug}/pictures", auth=auth.RULES, response={200: Picture, **REFUSED},
    operation_id="add_article_picture",
)  # fmt: skip
def add(request: HttpRequest, slug: Name, file: File[UploadedFile], alt_nl: Alt = "", alt_en: Alt = "") -> Picture:
    """Adds a picture, PNG, JPEG or WebP; ``alt_nl`` and ``alt_en`` say what it shows, for who cannot see it."""
    # One byte more than may be kept is enough to know that it is too large.
    content, alts = file.read(pictures.LARGEST + 1), {"nl": alt_nl, "en": alt_en}
    return _picture(pictures.add(_own(slug), content, alts, actor=auth.staff_of(request), now=timezone.now()))


@articles.get(
    "/articles/{slug}/pictures/{picture}", auth=auth.READ, response={200: bytes, **ERRORS},
    operation_id="get_article_picture",
    openapi_extra={"responses": {200: {"description": "The picture.", "content": {
        kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg", "image/webp")
    }}}},
)  # fmt: skip
def get_picture(request: HttpRequest, slug: Name, picture: PictureName) -> HttpResponse:
    """A picture of an article that one may read."""
    drafts = auth.staff_of(request).may(Right.RULES)
    found = knowledge.read(pack.current().pack, slug, "en", drafts=drafts)
    if found is None:
        raise Http404("There is no such article.")
    return picture_of(found, picture)


@articles.post(
    "/articles/{slug}/pictures/{picture}/remove", auth=auth.RULES, response={204: None, **REFUSED},
    operation_id="remove_article_picture",
)  # fmt: skip
def remove(request: HttpRequest, slug: Name, picture: PictureName) -> Nothing:
    """Takes a picture away that the article shows no longer."""
    pictures.remove(_own(slug), picture, actor=auth.staff_of(request))
    return NOTHING
