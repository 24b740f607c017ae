"""What the desk knows: its own articles before the pack's, every version kept, search that forgives typing errors,
and drafts in which nobody is named. On both databases; PostgreSQL here has no extension.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from keuring_collector.service.models import Article
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def write(site: Site, nl: tuple[str, str] = ("", ""), en: tuple[str, str] = ("", ""), **fields: Any) -> Article:
    """A published article of the desk."""
    from keuring_collector.service import knowledge

    own, seen = fields.pop("article", None), fields.pop("seen", None)
    content = knowledge.Content({"nl": nl, "en": en}, **{"published": True, **fields})
    return knowledge.save(own, content, actor=fields.get("owner"), now=site.now, seen=seen)


def found(query: str, language: str = "nl", *, drafts: bool = False) -> list[str]:
    from keuring_collector import rulepack
    from keuring_collector.service import knowledge

    return [each.slug for each in knowledge.find(_pack(rulepack), query, language, drafts=drafts)[0]]


_PACKS: list[Any] = []


def _pack(rulepack: Any) -> Any:
    if not _PACKS:
        _PACKS.append(rulepack.load())
    return _PACKS[0]


def test_search_forgives_and_follows(site: Site) -> None:
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extname FROM pg_extension WHERE extname IN ('pg_trgm', 'unaccent')")
            assert cursor.fetchall() == []
    printer = write(site, ("Printer zonder papier", "De bovenste lade van de **café**-printer klemt."))
    assert printer.slug == "printer-zonder-papier"
    # whole words, beginnings, accents and capitals, each way
    for query in ("printer", "PRINT", "papier lade", "cafe", "CAFÉ", "klemt printer"):
        assert found(query)[0] == printer.slug, query
    # a letter too few, too many, another, and two that changed places
    for query in ("prnter", "printter", "prinzer", "pritner", "papeir printer", "bovenste laed"):
        assert found(query)[0] == printer.slug, query
    # the pack's, in both languages, with typing errors
    assert found("batterij")[0] == found("battrij")[0] == "battery-wear"
    assert found("memroy", "en") == found("memory", "en") != []
    assert found("encrpytion", "en")[0] == "disk-encryption"
    # what is in no article, and what means something to a database
    assert found("zwaluwnest") == []
    for query in (
        "",
        "   ",
        "'",
        '"',
        "a OR",
        "* & | ! :*",
        "NEAR(",
        "title:x",
        "\0",
        "%s",
        "'; DROP TABLE article_search",
    ):
        found(query)
    # changed: the new words find it, the old no longer
    write(site, ("Scanner zonder glas", "De klep klemt."), article=printer)
    assert found("scanner") == [printer.slug]
    assert printer.slug not in found("lade")


def test_titles_weigh_more_and_the_readers_language_comes_first(site: Site) -> None:
    inside = write(site, ("Losse kabels", "Soms helpt een dockingstation."))
    titled = write(site, ("Dockingstation aansluiten", "Eerst de stroom."))
    assert found("dockingstation") == [titled.slug, inside.slug]
    english = write(site, en=("Standing desk", "The button is called vergrendeling on the machine."))
    dutch = write(site, ("Bureau vast", "Zo werkt de vergrendeling."))
    assert found("vergrendeling", "nl") == [dutch.slug, english.slug]
    assert found("vergrendeling", "en") == [english.slug, dutch.slug]


def test_the_desks_article_stands_before_the_packs(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.service import knowledge

    pack = _pack(rulepack)
    before = knowledge.read(pack, "battery-wear", "nl")
    assert before is not None
    assert before.own is None
    own = write(site, ("Accu op", "Bel de balie over je accu en vraag naar de flierefluiter."), slug="battery-wear")
    now = knowledge.read(pack, "battery-wear", "nl")
    assert now is not None
    assert (now.title, now.own) == ("Accu op", own)
    # in English the desk has none, so the pack's is still there
    english = knowledge.read(pack, "battery-wear", "en")
    assert english is not None
    assert (english.own, english.language) == (None, "en")
    assert sum(each.slug == "battery-wear" for each in knowledge.everything(pack, "nl")) == 1
    assert found("flierefluiter") == ["battery-wear"]
    # what only the pack's hidden Dutch text says does not lead to the desk's
    hidden = next(word for word in before.markdown.lower().split() if word.isalpha() and len(word) > 9)
    assert hidden not in "Bel de balie over je accu en vraag naar de flierefluiter."
    assert all(hit != "battery-wear" for hit in found(hidden, "nl") if not _in_english(pack, hidden))
    # a draft is for those who write, and the pack's shows again
    write(site, ("Accu op", "Bel."), article=own, published=False)
    again = knowledge.read(pack, "battery-wear", "nl")
    assert again is not None
    assert again.own is None
    draft = knowledge.read(pack, "battery-wear", "nl", drafts=True)
    assert draft is not None
    assert draft.is_draft


def _in_english(pack: Any, word: str) -> bool:
    from keuring_collector.service import knowledge

    return word in knowledge.pack_texts(pack)["battery-wear", "en"][1].lower()


def test_a_changed_pack_is_searched_anew(site: Site, tmp_path: Any) -> None:
    from keuring_collector import rulepack
    from keuring_collector.service import knowledge
    from tests.collector.packs import write_pack

    write_pack(tmp_path)
    text = next(tmp_path.rglob("*.nl.md"))
    text.write_text("# Iets nieuws\n\nOver kwispelstaarten.\n", encoding="utf-8")
    assert found("batterij")
    other = rulepack.load(tmp_path)
    hits, meant = knowledge.find(other, "kwispelstaarten", "nl")
    assert [each.title for each in hits] == ["Iets nieuws"]
    assert meant == ""
    assert knowledge.find(other, "batterij", "nl")[0] == []
    assert found("batterij")


def test_words_are_read_once_until_an_article_is_written(site: Site) -> None:
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from keuring_collector.store.article_index import VOCABULARY

    def asked(query: str) -> tuple[list[str], int]:
        with CaptureQueriesContext(connection) as captured:
            slugs = found(query, drafts=True)
        return slugs, sum(each["sql"] == VOCABULARY[connection.vendor] for each in captured)

    assert asked("zwaluwnest") == ([], 1)
    assert asked("zwalwnest") == ([], 0)
    own = write(site, ("Zwaluwnest", "Onder het dak."))
    assert asked("zwalwnest") == ([own.slug], 1)
    assert asked("zwalwnest") == ([own.slug], 0)
    write(site, ("Kwikstaart", "Onder het dak."), article=own, seen=1, published=False)
    assert asked("zwalwnest") == ([], 1)
    assert asked("kwikstart") == ([own.slug], 0)
    with transaction.atomic():
        write(site, ("Merelnest", "In de heg."))
        transaction.set_rollback(True)
    assert asked("merlnest") == ([], 0)


def test_every_version_is_kept_and_nobody_overwrites_anothers(site: Site) -> None:
    from django.db import transaction

    from keuring_collector.desk.acting import ChangedMeanwhile
    from keuring_collector.desk.models import AuditEntry

    noor, cas = site.staff("noor"), site.staff("cas")
    own = write(site, ("Een", "Eerste tekst."), owner=noor)
    own = write(site, ("Een", "Tweede tekst."), article=own, seen=1, owner=cas, note="Be\0ter\n")
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        write(site, ("Een", "Ook tweede."), article=own, seen=1, owner=noor)
    kept = [(each.number, each.by.username if each.by else "", each.body_nl, each.note) for each in own.versions.all()]
    assert kept == [(2, "cas", "Tweede tekst.", "Beter"), (1, "noor", "Eerste tekst.", "")]
    changed = AuditEntry.objects.filter(action="article.changed", subject="article/een")
    assert [entry.actor for entry in changed.order_by("sequence")] == ["noor", "cas"]


@SQLITE
def test_what_cannot_be_an_article_is_refused(site: Site) -> None:
    from keuring_collector.desk.acting import NotUnderstood
    from keuring_collector.service.models import Article

    for field, fields in (
        ("title_nl", {}),
        ("title_nl", {"nl": ("", "Tekst")}),
        ("title_en", {"en": ("x" * 201, "Text")}),
        ("title_en", {"en": ("two\nlines", "Text")}),
        ("body_en", {"en": ("Title", "")}),
        ("body_nl", {"nl": ("Titel", "x" * 50_001)}),
        ("model", {"nl": ("Titel", "Tekst"), "links": [("model", "x" * 257)]}),
        ("software", {"nl": ("Titel", "Tekst"), "links": [("software", str(n)) for n in range(51)]}),
        ("slug", {"nl": ("Titel", "Tekst"), "slug": "review"}),
        ("slug", {"nl": ("Titel", "Tekst"), "slug": "../x"}),
    ):
        with pytest.raises(NotUnderstood) as refused:
            write(site, **fields)
        assert refused.value.field == field
    assert not Article.objects.exists()
    assert [write(site, ("Review", "Tekst")).slug for _ in range(3)] == ["review-2", "review-3", "review-4"]


def test_review_list_links_and_help(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.service import knowledge
    from keuring_collector.service.models import ArticleHelp
    from tests.collector.console_fixtures import FILLING

    today = site.today
    late = write(site, ("Laat", "x"), review_on=today - timedelta(days=3), links=[("rule", FILLING), ("model", "M1")])
    due = write(site, ("Nu", "x"), review_on=today)
    write(site, ("Later", "x"), review_on=today + timedelta(days=1), links=[("model", "M1")], published=False)
    assert knowledge.due(today) == [late, due]
    pack = _pack(rulepack)
    for about in ([("rule", FILLING)], [("model", "M1")], [("rule", FILLING), ("model", "M1")]):
        own, others = knowledge.beside(pack, "battery-wear", about, "nl")
        assert (own.slug if own else "", [each.slug for each in others]) == ("battery-wear", ["laat"])
    own, others = knowledge.beside(pack, "laat", [("model", "M1")], "nl")
    assert (own.slug if own else "", others) == ("laat", [])
    assert knowledge.beside(pack, "later", [], "nl") == (None, []), "a draft"
    for helped in (True, True, False):
        knowledge.count_help("battery-wear", helped=helped)
    row = ArticleHelp.objects.get()
    assert (row.yes, row.no) == (2, 1)
    assert {field.name for field in ArticleHelp._meta.get_fields()} == {"slug", "yes", "no"}


def test_a_resolved_ticket_becomes_a_draft_without_anybody(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.desk import actions
    from keuring_collector.desk.acting import NotPossible
    from keuring_collector.desk.measures import measure_of
    from keuring_collector.desk.models import Ticket
    from keuring_collector.service import drafting
    from tests.collector.console_fixtures import FILLING

    noor = site.staff("noor", first_name="Noor", last_name="van der Loop")
    site.colleague("Jan Willem Appelman", department=None)
    site.machine("PC-KANTINE", colleague=None)
    ticket = site.ticket(site.machine("LT-0231"))
    rule = _pack(rulepack).rules[FILLING]

    def draft() -> Article:
        whole = Ticket.objects.get(pk=ticket.pk)
        return drafting.draft(
            whole, rules={FILLING: (rule, measure_of(rule))}, model="Notitie 14", serials=["5CG9"],
            language="en", actor=noor, now=site.now,
        )  # fmt: skip

    with pytest.raises(NotPossible):
        draft()
    told = (
        "Sanne de Vries and Appelman mailed sanne.de.vries@example.org from lt-0231.corp.example; noor cleared "
        r"C:\Users\sanne\Photos on LT-0231 and pc-kantine (serial 5cg9, disk S4EWNX0R123456, 10.1.2.3, "
        "00:1A:2b:3c:4d:5e, fe80::1ff:fe23:4567:890a, +31 6 12345678). The photo cache was the cause."
    )
    actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="right", text=told)
    made = draft()
    assert (made.state, made.from_ticket_id, made.owner) == ("draft", ticket.pk, noor)
    text = made.title_en + made.body_en + " ".join(made.versions.values_list("body_en", flat=True))
    for gone in (
        "sanne", "vries", "appelman", "noor", "example", "0231", "kantine", "5cg9", "s4ewn", "10.1.2", "1a:2b", "fe80",
        "12345678", "@",
    ):  # fmt: skip
        assert gone not in text.lower(), gone
    assert "The photo cache was the cause." in text
    assert "[somebody] and [somebody] mailed [mail address] from [machine]" in text
    assert "Volume in use" in text
    assert "## What to do" in text
    assert {(link.kind, link.value) for link in made.links.all()} == {("rule", FILLING), ("model", "Notitie 14")}
    assert found("photo cache", "en") == []
    assert found("photo cache", "en", drafts=True) == [made.slug]


@SQLITE
def test_ordinary_words_stay(site: Site) -> None:
    from django.utils.translation import override

    from keuring_collector.service import stripping

    site.colleague("Roos de Wit")
    text = "Update to 22H2, then 3 of 16 GB is free at 09:30 on 14-12-2026; roos and wit are colours, van de week too."
    assert stripping.clean(text) == text
    with override("nl"):
        assert stripping.clean("Roos zag het") == "[iemand] zag het"
