"""What the desk knows: finding and reading articles, writing them, their versions, and which are due for review."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keuring.signals import catalogue
from keuring_collector.console import article_form, articles, facts, pack, readings
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.desk import scope
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.measures import measure_of
from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Right
from keuring_collector.service import colleagues, drafting, knowledge
from keuring_collector.service.models import Article, ArticleHelp, ArticleLink, ArticleVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest

    from keuring_collector.desk.models import Ticket
    from keuring_collector.fleet.models import Endpoint

LONGEST_QUERY = 200
SERIALS = (catalogue.BY_NAME["keuring.hardware.serial_number"].id, catalogue.BY_NAME["keuring.smart.serial_number"].id)


def _language() -> str:
    return (get_language() or "nl")[:2]


def _writes(request: HttpRequest) -> bool:
    return staff_of(request).may(Right.RULES)


@requires(Right.LOOK)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All articles, or those that fit a search."""
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    rules, drafts, meant = pack.current().pack, _writes(request), ""
    if query:
        found, meant = knowledge.find(rules, query, _language(), drafts=drafts)
    else:
        found = knowledge.everything(rules, _language(), drafts=drafts)
    context = {
        "query": query,
        "meant": meant,
        "language": _language(),
        "found": [(each, articles.excerpt(each.markdown)) for each in found],
        "writes": drafts,
        "due": len(knowledge.due(timezone.localdate())) if drafts else 0,
    }
    return render(request, "console/knowledge.html", context)


@requires(Right.LOOK)
@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article, with the rules that lead to it."""
    state, language = pack.current(), _language()
    found = knowledge.read(state.pack, slug, language, drafts=_writes(request))
    if found is None:
        raise Http404(_("There is no such article."))
    links = list(found.own.links.all()) if found.own else []
    linked = {link.value for link in links if link.kind == ArticleLink.Kind.RULE}
    context = {
        "found": found,
        "article": articles.shown(found),
        "rules": [rule for rule in state.pack.rules.values() if rule.article == slug or str(rule.id) in linked],
        "things": [link for link in links if link.kind != ArticleLink.Kind.RULE],
        "other_language": found.language != language,
        "writes": _writes(request),
        "help": ArticleHelp.objects.filter(slug=slug).first(),
        "reads": colleagues.may_read(found),
        "public": reverse("help_article", args=[found.language, slug]) if settings.KEURING.public_pages else "",
        "is_due": bool(found.own and found.own.review_on and found.own.review_on <= timezone.localdate()),
    }
    return render(request, "console/article.html", context)


@requires(Right.LOOK)
@require_safe
def picture(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A picture of an article that one may read."""
    found = knowledge.read(pack.current().pack, slug, _language(), drafts=_writes(request))
    if found is None:
        raise Http404(_("There is no such article."))
    response = picture_of(found, name)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def picture_of(found: knowledge.Read, name: str) -> HttpResponse:
    """A picture by its name, which changes with what it shows."""
    kept = found.own.pictures.filter(name=name).first() if found.own else None
    if kept is None:
        raise Http404(_("There is no such picture."))
    response = HttpResponse(bytes(kept.content), content_type=kept.kind)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@requires(Right.LOOK)
@require_POST
def helped(request: HttpRequest, slug: str) -> HttpResponse:
    """One more reader whom an article helped, or not; nobody is written down."""
    if knowledge.read(pack.current().pack, slug, _language(), drafts=_writes(request)) is None:
        raise Http404(_("There is no such article."))
    answer = request.POST.get("helped", "")
    if answer in ("yes", "no"):
        knowledge.count_help(slug, helped=answer == "yes")
        messages.success(request, _("Thank you. Only the number is kept, not who said so."))
    return HttpResponseRedirect(reverse("article", args=[slug]))


@requires(Right.RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new article."""
    if request.method == "POST":
        return _write(request, None, "")
    typed = article_form.fresh({}, [], staff_of(request), timezone.localdate())
    return _editor(request, None, "", typed)


@requires(Right.RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Changes an article of the desk, or begins one that stands before the pack's."""
    rules = pack.current().pack
    own = Article.objects.filter(slug=slug).first()
    texts = {language: text for (each, language), text in knowledge.pack_texts(rules).items() if each == slug}
    if own is None and not texts:
        raise Http404(_("There is no such article."))
    if request.method == "POST":
        return _write(request, own, slug)
    if own is not None:
        typed = article_form.of_article(own, rules)
    else:
        leading = sorted(rule.name for rule in rules.rules.values() if rule.article == slug)
        typed = article_form.fresh(texts, leading, staff_of(request), timezone.localdate())
    return _editor(request, own, slug, typed)


def _write(request: HttpRequest, own: Article | None, slug: str) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in article_form.FIELDS}
    if request.POST.get("do") == "preview":
        return _editor(request, own, slug, typed, preview=True)
    try:
        content = article_form.content(typed, pack.current().pack, slug if own is None else "")
        seen = None if own is None else number(typed["seen"])
        kept = knowledge.save(own, content, actor=staff_of(request), now=timezone.now(), seen=seen)
    except ActionError as error:
        where = error.field if isinstance(error, NotUnderstood) else ""
        return _editor(request, own, slug, typed, wrong=str(error.message), where=where, status=422)
    told = _("Published.") if content.published else _("Kept as a draft: only those who write articles see it.")
    messages.success(request, told)
    return HttpResponseRedirect(reverse("article", args=[kept.slug]))


def _editor(
    request: HttpRequest, own: Article | None, slug: str, typed: Mapping[str, str], *, wrong: str = "",
    where: str = "", preview: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    language = _language()
    order = sorted((("nl", "Nederlands"), ("en", "English")), key=lambda pair: pair[0] != language)
    context = {
        "own": own,
        "slug": slug,
        "typed": typed,
        "texts": [(code, name, typed[f"title_{code}"], typed[f"body_{code}"]) for code, name in order],
        "previews": [
            (
                code,
                typed[f"title_{code}"],
                articles.render(typed[f"body_{code}"], reverse("article_pictures", args=[slug]) if own else ""),
            )
            for code, _name in order
            if preview and (typed[f"title_{code}"] or typed[f"body_{code}"])
        ],
        "people": [(str(each.pk), each.shown_name) for each in Staff.objects.filter(is_active=True).order_by("pk")],
        "wrong": wrong,
        "where": where,
    }
    return render(request, "console/article_edit.html", context, status=status)


@requires(Right.RULES)
@require_safe
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """Every version of an article, and what changed between two: those asked for, else the last two."""
    context = versions_of(slug, request.GET.get("from", ""), request.GET.get("to", ""))
    return render(request, "console/article_versions.html", context)


def versions_of(slug: str, first: str, last: str) -> dict[str, Any]:
    """The versions of an article, and what changed between two of them, by their numbers. Raises Http404."""
    own = Article.objects.filter(slug=slug).first()
    if own is None and knowledge.read(pack.current().pack, slug, _language()) is None:
        raise Http404(_("There is no such article."))
    kept = list(own.versions.select_related("by")) if own else []
    by_number = {str(each.number): each for each in kept}
    newer = by_number.get(last, kept[0] if kept else None)
    older = by_number.get(first, kept[1] if len(kept) > 1 else None)
    if older and newer and older.number > newer.number:
        older, newer = newer, older
    return {
        "slug": slug,
        "versions": kept,
        "older": older,
        "newer": newer,
        "changes": _changes(older, newer) if older and newer else [],
    }


def _changes(older: ArticleVersion, newer: ArticleVersion) -> list[tuple[str, list[tuple[str, str]]]]:
    """Per language that changed: (mark, line), the mark "+", "-", or " " for what stands around a change."""
    found = []
    for code, name in (("nl", "Nederlands"), ("en", "English")):
        was, now = (f"# {each.title(code)}\n{each.body(code)}".splitlines() for each in (older, newer))
        lines = list(difflib.unified_diff(was, now, n=1, lineterm=""))[2:]
        if lines:
            found.append((name, [("…", "") if line.startswith("@@") else (line[0], line[1:]) for line in lines]))
    if older.links != newer.links:
        was, now = ([_named(*link) for link in each.links] for each in (older, newer))
        gone, come = [each for each in was if each not in now], [each for each in now if each not in was]
        found.append((_("Belongs to"), [*(("-", each) for each in gone), *(("+", each) for each in come)]))
    return found


def _named(kind: str, value: str) -> str:
    rule = pack.current().pack.rules.get(value) if kind == ArticleLink.Kind.RULE else None
    return f"{ArticleLink.Kind(kind).label}: {rule.name if rule else value}"


@requires(Right.RULES)
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The articles that somebody should read again."""
    due, coming = to_review()
    context = {"due": _titled(due, _language()), "coming": _titled(coming, _language())}
    return render(request, "console/article_review.html", context)


def to_review() -> tuple[Sequence[Article], Sequence[Article]]:
    """The articles that are due, and those that come next."""
    today = timezone.localdate()
    coming = Article.objects.filter(review_on__gt=today).select_related("owner").order_by("review_on", "slug")[:20]
    return knowledge.due(today), list(coming)


def _titled(found: Any, language: str) -> list[tuple[Article, str]]:
    return [(each, each.title(language) or each.title_nl or each.title_en) for each in found]


@requires(Right.RULES)
@require_POST
def from_ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """A resolved ticket as a draft, open in the editor."""
    staff = staff_of(request)
    seen = scope.tickets(staff).select_related("endpoint__colleague")
    ticket = get_object_or_404(seen.prefetch_related("lines", "history"), pk=pk)
    try:
        made = draft_of(ticket, staff, _language())
    except ActionError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(reverse("ticket", args=[pk]))
    messages.success(request, _("A draft. Names, machines and numbers are out; read it through before you publish it."))
    return HttpResponseRedirect(reverse("article_edit", args=[made.slug]))


def draft_of(ticket: Ticket, staff: Staff, language: str) -> Article:
    """The draft that a resolved ticket makes; its lines and history are read. Raises NotPossible."""
    state = pack.current()
    rules = {
        line.rule: (rule, measure_of(rule))
        for line in ticket.lines.all()
        if (rule := state.rule(line.rule)) is not None
    }
    return drafting.draft(
        ticket, rules=rules, model=facts.model(ticket.endpoint), serials=_serials(ticket.endpoint),
        language=language, actor=staff, now=timezone.now(),
    )  # fmt: skip


def _serials(endpoint: Endpoint) -> Sequence[str]:
    """The serial numbers that we know of the machine and its disks."""
    store = readings.store()
    return [str(value) for signal in SERIALS for value in store.facts_of(signal, [endpoint.pk]).values() if value]
