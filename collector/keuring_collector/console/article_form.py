"""The editor of articles: what was typed as the content of an article, and back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from keuring_collector.console.typed import number
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.models import Staff
from keuring_collector.service.knowledge import Content
from keuring_collector.service.models import Article, ArticleLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring_collector.rulepack import RulePack

FIELDS: Final = (
    "title_nl", "body_nl", "title_en", "body_en", "rule", "software", "model", "owner", "review_on", "state", "note",
    "seen", "colleagues",
)  # fmt: skip
REVIEW_AFTER: Final = dt.timedelta(days=365)  # what a new article proposes


def of_article(article: Article, pack: RulePack) -> dict[str, str]:
    """What the editor shows of an article. A rule that is no longer in the pack shows its id."""
    links: dict[str, list[str]] = {kind: [] for kind in ArticleLink.Kind.values}
    for link in article.links.all():
        rule = pack.rules.get(link.value) if link.kind == ArticleLink.Kind.RULE else None
        links[link.kind].append(rule.name if rule else link.value)
    return {
        **{name: getattr(article, name) for name in FIELDS[:4]},
        **{kind: "\n".join(values) for kind, values in links.items()},
        "owner": str(article.owner_id or ""),
        "review_on": article.review_on.isoformat() if article.review_on else "",
        "state": article.state,
        "note": "",
        "seen": str(article.version),
        "colleagues": "1" if article.for_colleagues else "",
    }


def fresh(texts: Mapping[str, tuple[str, str]], rules: list[str], owner: Staff, today: dt.date) -> dict[str, str]:
    """What the editor shows of an article that is yet to be written, perhaps from the pack's ``texts``."""
    typed = dict.fromkeys(FIELDS, "")
    for language, (title, body) in texts.items():
        typed[f"title_{language}"], typed[f"body_{language}"] = title, body.strip()
    review = (today + REVIEW_AFTER).isoformat()
    return {
        **typed,
        "rule": "\n".join(rules),
        "owner": str(owner.pk),
        "review_on": review,
        "state": "draft",
        "colleagues": "1",
    }


def content(typed: Mapping[str, str], pack: RulePack, slug: str = "") -> Content:
    """What was typed. Raises NotUnderstood for a rule, a person or a date that is none."""
    links = [(ArticleLink.Kind.RULE.value, _rule(name, pack)) for name in _lines(typed["rule"])]
    for kind in (ArticleLink.Kind.SOFTWARE.value, ArticleLink.Kind.MODEL.value):
        links += [(kind, value) for value in _lines(typed[kind])]
    return Content(
        texts={language: (typed[f"title_{language}"], typed[f"body_{language}"]) for language in ("nl", "en")},
        links=links,
        owner=_owner(typed["owner"]),
        review_on=_day(typed["review_on"]),
        published=typed["state"] == Article.State.PUBLISHED,
        for_colleagues=bool(typed["colleagues"]),
        note=typed["note"],
        slug=slug,
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _rule(name: str, pack: RulePack) -> str:
    rule = pack.by_name.get(name)
    if rule is not None:
        return str(rule.id)
    if len(name) == 36 and name.count("-") == 4:
        return name  # of a rule that has left the pack
    raise NotUnderstood(
        "rule", _("There is no rule “%(name)s” in the pack. Write its name as the rules page does.") % {"name": name}
    )


def _owner(text: str) -> Staff | None:
    if not text:
        return None
    owner = Staff.objects.filter(pk=number(text) or 0, is_active=True).first()
    if owner is None:
        raise NotUnderstood("owner", _("Choose somebody who works at the desk."))
    return owner


def _day(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise NotUnderstood("review_on", _("Choose a date.")) from None
