"""What is written: articles of the desk's own and templates of messages. Pictures are added on the console.

Its operations stand in the routers of those that read the same addresses.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.desk import Name
from keuring_collector.api.desk import router as articles
from keuring_collector.api.messages import router as messages
from keuring_collector.api.problems import Problem, ProblemError
from keuring_collector.api.schemas import ERRORS, NOTHING, Nothing, Texts
from keuring_collector.console import pack
from keuring_collector.console.views.knowledge import draft_of
from keuring_collector.desk import scope
from keuring_collector.desk.models import Staff
from keuring_collector.service import knowledge
from keuring_collector.service.messages import templates
from keuring_collector.service.messages.shipped import Wording
from keuring_collector.service.models import Article
from keuring_collector.service.models.knowledge import LONGEST_TITLE

REFUSED = {**ERRORS, 409: Problem}
Title = Annotated[str, Field(max_length=LONGEST_TITLE, pattern=NO_NUL)]
Body = Annotated[str, Field(max_length=knowledge.LONGEST_BODY, pattern=NO_NUL)]


class Text(Schema):
    """One language of an article, as Markdown; empty when it is not written in that."""

    title: Title = ""
    body: Body = ""


class LinkTo(Schema):
    """What an article is about: a rule by its id, a program or a model by its name."""

    kind: Literal["rule", "software", "model"]
    value: Annotated[str, Field(min_length=1, max_length=256, pattern=NO_NUL)]


class NewArticle(Schema):
    """An article as it is to be. ``seen``: the version that was read, of one that is changed."""

    nl: Text = Text()
    en: Text = Text()
    links: list[LinkTo] = Field(default_factory=list, max_length=100)
    owner: Annotated[str, Field(max_length=150, pattern=NO_NUL)] = ""
    review_on: date | None = None
    published: bool = False
    for_colleagues: bool = False
    note: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""
    seen: int | None = Field(None, ge=0, le=2**31 - 1)

    def content(self, slug: str = "") -> knowledge.Content:
        """As the service has it. Raises ProblemError for an owner who is not at the desk."""
        owner = Staff.objects.filter(username=self.owner, is_active=True).first() if self.owner else None
        if self.owner and owner is None:
            raise ProblemError(422, "Nobody of that name works at the desk.", "body.owner", "GET /api/staff.")
        return knowledge.Content(
            texts={"nl": (self.nl.title, self.nl.body), "en": (self.en.title, self.en.body)},
            links=[(each.kind, each.value) for each in self.links], owner=owner, review_on=self.review_on,
            published=self.published, for_colleagues=self.for_colleagues, note=self.note, slug=slug,
        )  # fmt: skip


class Kept(Schema):
    """An article as it was kept."""

    slug: str
    version: int
    state: str


class Template(Schema):
    """A template of messages in both languages."""

    name: Texts
    subject: Texts
    body: Texts

    def wordings(self) -> dict[str, Wording]:
        """By language."""
        return {
            code: Wording(*(getattr(part, code) for part in (self.name, self.subject, self.body)))
            for code in ("nl", "en")
        }


class TemplateKey(Schema):
    """What a template is called in addresses."""

    key: str


def _kept(found: Article) -> Kept:
    return Kept(slug=found.slug, version=found.version, state=found.state)


@articles.post("/articles", auth=auth.RULES, response={200: Kept, **REFUSED}, operation_id="write_article")
def write(request: HttpRequest, body: NewArticle) -> Kept:
    """Writes an article."""
    return _kept(knowledge.save(None, body.content(), actor=auth.staff_of(request), now=timezone.now()))


@articles.post("/articles/{slug}", auth=auth.RULES, response={200: Kept, **REFUSED}, operation_id="change_article")
def change(request: HttpRequest, slug: Name, body: NewArticle) -> Kept:
    """Makes a new version of an article of the desk; of one of the pack the desk's own, which is read instead."""
    own = Article.objects.filter(slug=slug).first()
    if own is None and knowledge.read(pack.current().pack, slug, "en") is None:
        raise Http404("There is no such article.")
    actor, now = auth.staff_of(request), timezone.now()
    return _kept(knowledge.save(own, body.content(slug), actor=actor, now=now, seen=body.seen))


@articles.post(
    "/tickets/{number}/article", auth=auth.RULES, response={200: Kept, **REFUSED}, operation_id="draft_article"
)
def draft(request: HttpRequest, number: Identity, language: Literal["nl", "en"] = "nl") -> Kept:
    """Makes a draft of a resolved ticket in a language, without names of people and machines."""
    actor = auth.staff_of(request)
    seen = scope.tickets(actor).select_related("endpoint__colleague").prefetch_related("lines", "history")
    ticket = seen.filter(pk=number).first()
    if ticket is None:
        raise Http404("There is no such ticket, or it belongs to a department that you do not see.")
    return _kept(draft_of(ticket, actor, language))


@messages.post(
    "/message-templates", auth=auth.TEXTS, response={200: TemplateKey, **REFUSED}, operation_id="make_template"
)
def make(request: HttpRequest, body: Template) -> TemplateKey:
    """Makes a template."""
    made = templates.save("", body.wordings(), actor=auth.staff_of(request), now=timezone.now())
    return TemplateKey(key=made.key)


def _template(key: str) -> str:
    if not any(each.key == key for each in (*templates.every(), *templates.removed())):
        raise Http404("There is no such template.")
    return key


@messages.post(
    "/message-templates/{key}", auth=auth.TEXTS, response={200: TemplateKey, **REFUSED}, operation_id="change_template"
)
def word(request: HttpRequest, key: Name, body: Template) -> TemplateKey:
    """Words a template anew; one that was removed is back with it."""
    made = templates.save(_template(key), body.wordings(), actor=auth.staff_of(request), now=timezone.now())
    return TemplateKey(key=made.key)


@messages.post(
    "/message-templates/{key}/remove", auth=auth.TEXTS, response={204: None, **REFUSED}, operation_id="remove_template"
)
def remove(request: HttpRequest, key: Name) -> Nothing:
    """Takes a template out of the list."""
    templates.remove(_template(key), actor=auth.staff_of(request), now=timezone.now())
    return NOTHING


@messages.post(
    "/message-templates/{key}/restore", auth=auth.TEXTS, response={204: None, **REFUSED},
    operation_id="restore_template",
)  # fmt: skip
def restore(request: HttpRequest, key: Name) -> Nothing:
    """Goes back to the words that ship."""
    templates.restore(_template(key), actor=auth.staff_of(request))
    return NOTHING
