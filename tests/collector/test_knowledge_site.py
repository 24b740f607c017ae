"""The published articles as a static site: whole, without what is for the desk alone, and replaced as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.collector.command import complaint, keuring_here, ok
from tests.collector.django_database import pointed_at

if TYPE_CHECKING:
    from pathlib import Path

ATOM = "{http://www.w3.org/2005/Atom}"


def test_articles_are_exported_as_a_site(collector: Path, tmp_path: Path) -> None:
    from keuring_collector import config

    target = tmp_path / "site"
    with pointed_at(config.load(collector, {}, {}).database_url):
        from datetime import UTC, datetime

        from keuring_collector.service import knowledge

        def write(title: str, *, published: bool, own: object = None, shared: bool = True) -> object:
            text = "Do **this** <script>x</script>."
            content = knowledge.Content({"en": (title, text)}, published=published, for_colleagues=shared)
            return knowledge.save(own, content, actor=None, now=datetime.now(UTC))  # type: ignore[arg-type]

        paper = write("Paper & ink", published=True)
        write("Secret draft", published=False)
        write("Secret of the desk", published=True, shared=False)
    told = ok(keuring_here(collector, "articles", "export", str(target), "--address", "https://intranet.example.org/k"))
    assert "begin at index.html" in told
    page = (target / "en/paper-ink.html").read_text(encoding="utf-8")
    assert "<h1>Paper &amp; ink</h1>" in page
    assert "<strong>this</strong>" in page
    assert "<script" not in page
    assert not (target / "nl/paper-ink.html").exists()  # there is no Dutch text
    files = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert {"index.html", "nl/index.html", "nl/battery-wear.html", "en/battery-wear.html"} <= files
    for path in target.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        assert "Secret" not in html
        assert html.count("<h1>") == 1, path
        for link in re.findall(r'href="([^":#]+)"', html):
            assert (path.parent / link).is_file(), (path, link)
    feed = ET.parse(target / "en/feed.atom").getroot()
    entries = [(each.findtext(f"{ATOM}title"), each.find(f"{ATOM}link")) for each in feed.iter(f"{ATOM}entry")]
    assert [title for title, _link in entries] == ["Paper & ink"]
    assert entries[0][1] is not None
    assert entries[0][1].get("href") == "https://intranet.example.org/k/en/paper-ink.html"
    # what is withdrawn disappears; what somebody put there stays
    (target / "own.txt").write_text("mine", encoding="utf-8")
    with pointed_at(config.load(collector, {}, {}).database_url):
        write("Paper & ink", published=False, own=paper)
    ok(keuring_here(collector, "articles", "export", str(target)))
    assert not (target / "en/paper-ink.html").exists()
    assert not (target / "en/feed.atom").exists()
    assert (target / "own.txt").is_file()
    other = tmp_path / "other"
    other.mkdir()
    (other / "own.txt").write_text("mine", encoding="utf-8")
    assert "holds other files" in complaint(keuring_here(collector, "articles", "export", str(other)))
    assert "write the whole address" in complaint(
        keuring_here(collector, "articles", "export", str(target), "--address", "intranet")
    )
