"""The rest of what the console shows: who a token is of, departments, rules, articles, and reports put aside."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from django.db.models import Count, Q
from django.http import Http404, HttpRequest
from ninja import Path, Query, Router, Schema

from keuring_collector.api import auth
from keuring_collector.api.schemas import ERRORS, Texts
from keuring_collector.console import pack, readings
from keuring_collector.console.views.rules import open_by_rule
from keuring_collector.desk import scope, wording
from keuring_collector.desk.models import Ticket
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service import knowledge

router = Router(tags=["desk"])
MOST: Final = 200
Name = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class Me(Schema):
    """Whom a token is of, and what it may do."""

    name: str
    role: str
    departments: list[str] | None
    token: str
    scopes: list[str]
    expires_on: date


class Department(Schema):
    """A department and what is open in it."""

    id: int
    name: str
    place: str
    machines: int
    open_tickets: int


class RuleRow(Schema):
    """One rule in a list."""

    name: str
    id: str
    title: Texts
    cause: str
    severity: str
    maturity: str
    article: str
    open_tickets: int


class RuleFull(RuleRow):
    """One rule in full, as its file says it."""

    content: dict[str, Any]


class ArticleRow(Schema):
    """An article in a list. ``language`` is another than asked for when there is no text in that."""

    slug: str
    language: str
    title: str
    source: Literal["desk", "pack"]


class Article(ArticleRow):
    """An article, as Markdown."""

    markdown: str


class Aside(Schema):
    """A report that could not be used."""

    machine: str
    received_on: date
    reason: str
    detail: str
    sequence: int
    size_bytes: int


@router.get("/me", auth=auth.READ, response={200: Me, **ERRORS}, operation_id="get_me")
def me(request: HttpRequest) -> Me:
    """Whom this token is of."""
    staff, token = auth.staff_of(request), request.auth  # type: ignore[attr-defined]
    return Me(
        name=staff.get_username(),
        role=staff.role,
        departments=sorted(staff.departments.values_list("name", flat=True)) if staff.limited else None,
        token=token.name,
        scopes=sorted(token.scope_set),
        expires_on=wording.local_day(token.expires_at),
    )


@router.get("/departments", auth=auth.READ, response={200: list[Department], **ERRORS}, operation_id="list_departments")
def departments(request: HttpRequest) -> list[Department]:
    """The departments that the token's owner sees."""
    staff = auth.staff_of(request)
    active, is_open = Q(endpoint__state=Endpoint.State.ACTIVE), Q(state__in=Ticket.OPEN)
    counted = scope.departments(staff).annotate(machines=Count("endpoint", filter=active))
    opened = dict(
        scope.tickets(staff)
        .filter(is_open)
        .order_by()
        .values("endpoint__department")
        .annotate(count=Count("id"))
        .values_list("endpoint__department", "count")
    )
    return [
        Department(
            id=each.pk, name=each.name, place=each.place, machines=each.machines, open_tickets=opened.get(each.pk, 0)
        )
        for each in counted
    ]


def _rule(rule: Any, opened: dict[str, int]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "id": str(rule.id),
        "title": Texts(nl=rule.title.nl, en=rule.title.en),
        "cause": rule.cause,
        "severity": rule.severity.value,
        "maturity": rule.maturity.value,
        "article": rule.article or "",
        "open_tickets": opened.get(str(rule.id), 0),
    }


@router.get("/rules", auth=auth.READ, response={200: list[RuleRow], **ERRORS}, operation_id="list_rules")
def rules(request: HttpRequest) -> list[RuleRow]:
    """All rules of the pack in force, by name."""
    opened = open_by_rule(auth.staff_of(request))
    found = sorted(pack.current().pack.rules.values(), key=lambda rule: rule.name)
    return [RuleRow(**_rule(rule, opened)) for rule in found]


@router.get("/rules/{name}", auth=auth.READ, response={200: RuleFull, **ERRORS}, operation_id="get_rule")
def rule(request: HttpRequest, name: Name) -> RuleFull:
    """One rule."""
    found = pack.current().pack.by_name.get(name)
    if found is None:
        raise Http404("There is no such rule in the pack.")
    content = found.model_dump(mode="json", by_alias=True, exclude_none=True)
    return RuleFull(**_rule(found, open_by_rule(auth.staff_of(request))), content=content)


def _article(found: knowledge.Read) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "language": found.language,
        "title": found.title,
        "source": "desk" if found.own else "pack",
    }


@router.get("/articles", auth=auth.READ, response={200: list[ArticleRow], **ERRORS}, operation_id="list_articles")
def articles(
    request: HttpRequest,  # noqa: ARG001
    language: Literal["nl", "en"] = "nl",
    q: Annotated[str, Query(max_length=200)] = "",
) -> list[ArticleRow]:
    """The published articles by title; with ``q`` those that fit, best first."""
    rules = pack.current().pack
    found = knowledge.find(rules, q, language)[0] if q.strip() else knowledge.everything(rules, language)
    return [ArticleRow(**_article(each)) for each in found]


@router.get("/articles/{slug}", auth=auth.READ, response={200: Article, **ERRORS}, operation_id="get_article")
def article(request: HttpRequest, slug: Name, language: Literal["nl", "en"] = "nl") -> Article:  # noqa: ARG001
    """One published article: the desk's own, else the pack's."""
    found = knowledge.read(pack.current().pack, slug, language)
    if found is None:
        raise Http404("There is no such article.")
    return Article(**_article(found), markdown=found.markdown)


@router.get("/problems", auth=auth.READ, response={200: list[Aside], **ERRORS}, operation_id="list_problems")
def problems(request: HttpRequest) -> list[Aside]:
    """The reports put aside last, at most two hundred."""
    staff, aside = auth.staff_of(request), readings.store().quarantine(MOST)
    endpoints = scope.endpoints(staff).in_bulk({report.endpoint for report in aside})
    return [
        Aside(
            machine=endpoints[report.endpoint].host_name if report.endpoint in endpoints else "",
            received_on=wording.local_day(datetime.fromtimestamp(report.received_at, UTC)),
            reason=report.reason,
            detail=report.detail,
            sequence=report.sequence,
            size_bytes=len(report.report),
        )
        for report in aside
        if not staff.limited or report.endpoint in endpoints
    ]
