"""Articles for colleagues: the pages without sign-in, what stays inside, pictures cleaned of what they tell, export."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.collector.console_fixtures import words
from tests.collector.test_knowledge import write

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
ATOM = "{http://www.w3.org/2005/Atom}"
BODY = "1. Open the **tray**.\n\n## For the service desk\n\nThe zebra code of the cupboard is 4711."


@pytest.fixture
def public(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A console with its open pages on."""
    from django.conf import settings

    from keuring_collector.console import public
    from keuring_collector.console.views import help_pages

    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"public_pages": True}))
    public.LOOKS.clear()
    help_pages.ANSWERS.clear()
    return site


def png(*more: tuple[bytes, bytes], width: int = 2, height: int = 1) -> bytes:
    def piece(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = piece(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    extra = b"".join(piece(*each) for each in more)
    data = piece(b"IDAT", zlib.compress(b"\0" + b"\x10\x20\x30" * 2))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + piece(b"IEND", b"") + b"hidden behind the end"


def jpeg(orientation: int = 6) -> bytes:
    """A frame of 3 by 2 with an EXIF piece (little endian) that tells an orientation and a place."""
    entries = struct.pack("<HHII", 0x0112, 3, 1, orientation) + struct.pack("<HHII", 0x8825, 4, 1, 0x5EC12E7)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + b"\0\0\0\0GPS 52.0907 N"

    def piece(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    frame = piece(0xC0, struct.pack(">BHHB", 8, 2, 3, 1) + b"\x01\x11\0")
    scan = piece(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + piece(0xE1, exif) + piece(0xFE, b"made by Jan") + frame + scan + b"\xff\xd9<script>"


def webp() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    extended = chunk(b"VP8X", b"\x0c\0\0\0" + (4).to_bytes(3, "little") + (6).to_bytes(3, "little"))
    made = b"WEBP" + extended + chunk(b"VP8 ", b"\0\0\0\x9d\x01\x2a\x05\0\x07\0data") + chunk(b"EXIF", b"GPS 52")
    return b"RIFF" + struct.pack("<I", len(made)) + made


def of_articles(site: Site) -> dict[str, list[Any]]:
    """What the addresses of an article with a picture are made of, by the name of their route."""
    from keuring_collector.service import pictures
    from keuring_collector.service.models import Article

    own = Article.objects.filter(slug="paper").first() or write(site, en=("Paper", "1. Open it."))
    name = pictures.add(own, png(), {"en": "A tray"}, actor=None, now=site.now).name
    return {
        **{route: [own.slug] for route in ("article_pictures", "help_pictures")},
        **{route: [own.slug, name] for route in ("article_picture", "article_picture_remove", "help_picture")},
        **{route: ["nl", own.slug] for route in ("help_article", "help_helped")},
        **{route: ["nl"] for route in ("help_list", "help_feed")},
    }


def test_pictures_keep_nothing_but_the_picture(site: Site) -> None:
    from keuring_collector.service.pictures import NoPicture, clean

    text, time = (b"tEXt", b"Author\0Jan"), (b"tIME", b"\x07\xea\x0b\x1a\0\0\0")
    made = clean(png(text, time, (b"eXIf", b"GPS 52.0907 N")))
    assert (made.kind, made.width, made.height, made.name.split("-")[1]) == ("image/png", 2, 1, "2x1.png")
    assert made.content == png().removesuffix(b"hidden behind the end")
    photo = clean(jpeg())
    assert (photo.kind, photo.width, photo.height) == ("image/jpeg", 2, 3)  # it lies on its side
    for told in (b"GPS", b"Jan", b"script", struct.pack("<I", 0x5EC12E7)):
        assert told not in photo.content
    assert photo.content.count(b"Exif") == 1  # the way up alone
    assert b"\x12\xff\x00\x34\xff\xd0\x56\xff\xd9" in photo.content
    again = clean(photo.content)
    assert (again.content, again.width) == (photo.content, photo.width)
    assert b"Exif" not in clean(jpeg(1)).content
    moving = clean(webp())
    assert (moving.kind, moving.width, moving.height) == ("image/webp", 5, 7)
    assert b"GPS" not in moving.content
    assert clean(moving.content) == moving
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    broken = (png()[:60], jpeg()[:-30], webp()[:30], png().replace(b"\x10\x20", b"\x11\x20", 1)[:-40])
    for wrong in (b"GIF89a", svg, b"%PDF-1.7", *broken, png(width=60_000), webp().replace(b"EXIF", b"ANMF")):
        with pytest.raises(NoPicture):
            clean(wrong)


def test_damage_is_refused_and_never_more(site: Site) -> None:
    from random import Random

    from keuring_collector.service.pictures import NoPicture, clean

    chance, refused = Random(7), 0
    for number in range(1500):
        content = bytearray((png(), jpeg(), webp())[number % 3])
        for _time in range(chance.randint(1, 4)):
            at = chance.randrange(len(content))
            content[at : at + chance.randint(0, 6)] = chance.randbytes(chance.randint(0, 4)) or b"\xff"
        try:
            assert b"GPS 52" not in clean(bytes(content)).content
        except NoPicture:
            refused += 1
    assert refused > 500


def test_an_article_has_pictures_also_where_nobody_signed_in(public: Site) -> None:
    article = write(public, en=("Paper", BODY), for_colleagues=True)
    writer = public.client(public.staff("noor", role="specialist"))
    page = "/articles/paper/pictures/"

    def add(content: bytes, **alts: str) -> Any:
        return writer.post(page, {"file": SimpleUploadedFile("x.svg", content), **alts}, follow=True)

    for content, alts, told in (
        (png(), {}, "Say in a few words what the picture shows"),
        (b"<svg onload='alert(1)'/>", {"alt_en": "A tray"}, "PNG, JPEG or WebP"),
        (b"x" * (2 * 2**20 + 1), {"alt_en": "A tray"}, "larger than 2 MB"),
    ):
        refused = add(content, **alts)
        assert (refused.status_code, told in words(refused)) == (422, True), told
    shown, hidden = (add(png(), alt_en="A tray"), add(jpeg(), alt_en="The cupboard"))
    names = re.findall(r"\(picture:([^)]+)\)", hidden.content.decode())
    assert "Added." in words(shown)
    assert len(names) == 2
    tray, cupboard = sorted(names, key=lambda name: not name.endswith("png"))
    assert "what the picture shows" in words(_change(writer, BODY.replace("1.", f"![](picture:{tray})\n\n1.", 1)))
    both = BODY.replace("1.", f"![A tray](picture:{tray}) ![far](https://evil.example/x.png)\n\n1.", 1)
    _change(writer, f"{both}\n\n![The cupboard](picture:{cupboard})")
    inside = writer.get("/articles/paper/").content.decode()
    assert f'src="{page}{tray}/" alt="A tray" width="2" height="1"' in inside
    assert "evil.example" not in inside  # another's pictures would tell them who reads
    assert writer.get(f"{page}{cupboard}/")["Content-Type"] == "image/jpeg"
    assert "still shows this picture" in words(writer.post(f"{page}{tray}/remove/", follow=True))
    stranger = public.client()
    outside = stranger.get("/help/en/paper/").content.decode()
    assert f'src="/help/pictures/paper/{tray}/"' in outside
    served = stranger.get(f"/help/pictures/paper/{tray}/")
    assert (served.status_code, served["Content-Type"], served["X-Content-Type-Options"]) == (
        200,
        "image/png",
        "nosniff",
    )
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert stranger.get(f"/help/pictures/paper/{cupboard}/").status_code == 404  # it stands in the desk's part
    article.refresh_from_db()
    assert article.pictures.count() == 2
    from keuring_collector import rulepack
    from keuring_collector.console import site as exported

    pages = exported.pages(rulepack.load(), "")
    assert pages[f"pictures/paper/{tray}"] == bytes(article.pictures.get(name=tray).content)
    assert f'src="../pictures/paper/{tray}"' in str(pages["en/paper.html"])
    assert f"pictures/paper/{cupboard}" not in pages
    assert "zebra" not in str(pages["en/paper.html"])
    assert "zebra" in str(exported.pages(rulepack.load(), "", whole=True)["en/paper.html"])


def _change(writer: Any, body: str) -> Any:
    from tests.collector.test_knowledge_pages import typed

    fields = typed(title_en="Paper", body_en=body, colleagues="1")
    return writer.post("/articles/paper/edit/", fields, follow=True)


def test_colleagues_read_without_signing_in_and_nothing_else(public: Site) -> None:
    write(public, en=("Paper jam", BODY), for_colleagues=True)
    write(public, en=("Draft of a walrus", "Walrus."), for_colleagues=True, published=False)
    write(public, en=("For the desk: walrus", "Walrus."))
    stranger = public.client()
    assert stranger.get("/help/", headers={"Cookie": "language=en"})["Location"] == "/help/en/"
    listed = stranger.get("/help/en/")
    assert "Paper jam" in words(listed)
    assert "A worn battery" in words(listed)
    assert "walrus" not in words(listed)
    assert listed["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in listed.headers
    assert "default-src 'none'" in listed["Content-Security-Policy"]
    one = stranger.get("/help/en/paper-jam/")
    assert "Open the tray" in words(one)
    for response in (listed, one):
        html = response.content.decode()
        for inner in ("/articles/", "/machines/", 'href="/"', "zebra", "csrf"):
            assert inner not in html, inner
    for path in ("draft-of-a-walrus/", "for-the-desk-walrus/", "no-such/"):
        assert stranger.get(f"/help/en/{path}").status_code == 404, path
    assert stranger.get("/help/fr/").status_code == 404
    assert "Paper jam" in words(stranger.get("/help/en/?q=papre"))
    for query in ("walrus", "zebra", "4711"):  # what is for the desk is not told by searching either
        assert "No article has these words" in words(stranger.get(f"/help/en/?q={query}")), query
    dutch = stranger.get("/help/nl/battery-wear/")
    assert "Dit kun je zelf doen" in words(dutch)
    assert '<html lang="nl"' in dutch.content.decode()
    feed = ET.fromstring(stranger.get("/help/en/feed.atom").content)
    assert [each.findtext(f"{ATOM}title") for each in feed.iter(f"{ATOM}entry")] == ["Paper jam"]
    assert [each.get("href") for each in feed.iter(f"{ATOM}link")][-1] == "http://localhost/help/en/paper-jam/"
    signed = public.client(public.staff()).get("/help/en/")
    assert signed["Cache-Control"] == "no-store, private"


def test_whether_it_helped_is_counted_and_nobody_kept(public: Site) -> None:
    from keuring_collector.service.models import ArticleHelp

    write(public, en=("Paper jam", BODY), for_colleagues=True)
    stranger = public.client()
    thanked = stranger.post("/help/en/paper-jam/helped/", {"helped": "yes"}, follow=True)
    assert "Only the number is kept" in words(thanked)
    assert stranger.cookies == {}
    for _again in range(9):
        stranger.post("/help/en/paper-jam/helped/", {"helped": "no"})
    refused = stranger.post("/help/en/paper-jam/helped/", {"helped": "no"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 61
    counted = ArticleHelp.objects.get(slug="paper-jam")
    assert (counted.yes, counted.no) == (1, 9)


def test_one_address_does_not_ask_without_end(public: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.console.public import LOOKS

    monkeypatch.setattr(LOOKS, "most", 2)
    stranger = public.client()
    assert [stranger.get("/help/en/no-such/").status_code for _again in range(3)] == [404, 404, 429]
    assert "Wait a moment" in words(stranger.get("/help/en/")) or "Wacht even" in words(stranger.get("/help/en/"))


def test_where_they_are_not_wanted_there_are_no_open_pages(site: Site) -> None:
    stranger = site.client()
    for path in ("", "en/", "en/battery-wear/", "en/feed.atom", "pictures/x/y/"):
        assert stranger.get(f"/help/{path}").status_code == 404, path
    assert stranger.post("/help/en/battery-wear/helped/", {"helped": "yes"}).status_code == 404
