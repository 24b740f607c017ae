"""What the simulated desk has written down: articles of its own, one of them in front of the pack's, one a draft, and
one that is due to be read again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_collector.demo import drawing
from keuring_collector.demo.staff import STAFF
from keuring_collector.desk import wording
from keuring_collector.desk.models import Staff
from keuring_collector.service import knowledge, pictures
from keuring_collector.service.models import Article, ArticleLink

if TYPE_CHECKING:
    from keuring_collector.rulepack import RulePack

MODEL, SOFTWARE, RULE = ArticleLink.Kind.MODEL.value, ArticleLink.Kind.SOFTWARE.value, ArticleLink.Kind.RULE.value

ALTS: Final = {
    "nl": "Een laptop, een dock en een scherm op een rij; de stekker van het dock is geel",
    "en": "A laptop, a dock and a screen in a row; the plug of the dock is yellow",
}


class Written(NamedTuple):
    """One article: by whom, how long ago, how many days from now it is read again, and what it says."""

    by: str
    age: int
    review: int
    links: tuple[tuple[str, str], ...]
    nl: tuple[str, str]
    en: tuple[str, str] = ("", "")
    slug: str = ""
    published: bool = True
    drawn: bool = False  # whether the picture below belongs to it


ARTICLES: Final = (
    Written(
        "cas", 41, 200, ((MODEL, "Notitie 14 G2"), (MODEL, "Notitie 14 G3")),
        ("Tweede scherm blijft zwart na de pauze",
         "Het scherm aan het dockingstation wordt niet wakker.\n\n1. Trek de stekker van het **dock** eruit, niet "
         "die van het scherm.\n2. Wacht tien tellen.\n3. Steek de stekker er weer in.\n\nBlijft het zwart? Kom langs "
         "bij de balie, dan lenen we je een ander dock."),
        ("The second screen stays black after a break",
         "The screen on the dock does not wake up.\n\n1. Pull the plug of the **dock**, not that of the screen.\n"
         "2. Wait ten seconds.\n3. Plug it in again.\n\nStill black? Come to the desk and we lend you another dock."),
        drawn=True,
    ),
    Written(
        "noor", 120, -6, ((RULE, "volume_filling"),),
        ("Schijf vol? Zo ruimen we bij ons op",
         "Bij ons staat meestal hetzelfde in de weg.\n\n- Leeg de map *Downloads*: wat je nog nodig hebt hoort op de "
         "afdelingsschijf.\n- Zet foto's van projecten op de afdelingsschijf; daar wordt een kopie van gemaakt.\n"
         "- Leeg daarna de prullenbak.\n\nTwijfel je of iets weg mag? Laat het staan en vraag het ons."),
        ("Disk full? How we clear up here",
         "It is mostly the same things that are in the way.\n\n- Empty *Downloads*: what you still need belongs on the "
         "department's drive.\n- Put pictures of projects on the department's drive, of which a copy is made.\n"
         "- Then empty the bin.\n\nNot sure whether something may go? Leave it, and ask us."),
        slug="volume-space",
    ),
    Written(
        "hidde", 15, 350, ((SOFTWARE, "Teams"),),
        ("Geen geluid in een vergadering",
         "1. Kijk in de vergadering bij *Apparaten* welke luidspreker er is gekozen.\n2. Kies je koptelefoon.\n"
         "3. Doet die het niet? Zet hem uit en weer aan, en sluit hem opnieuw aan."),
    ),
    Written(
        "cas", 2, 365, ((RULE, "battery_wearing"),),
        ("Accu vervangen: wat je meeneemt",
         "- Schroevendraaier T5\n- Nieuwe accu uit de voorraad\n- Doos voor de oude accu"),
        published=False,
    ),
)  # fmt: skip


def write(pack: RulePack, now: float) -> None:
    """Writes them, as the simulated desk; what is there already stays. ``now``: seconds since 1970."""
    moment = datetime.fromtimestamp(now, UTC)
    names = {login: (first, last, role) for login, first, last, role in STAFF}
    for each in ARTICLES:
        if Article.objects.filter(title_nl=each.nl[0]).exists():
            continue
        first, last, role = names[each.by]
        person, _made = Staff.objects.get_or_create(
            username=each.by, defaults={"first_name": first, "last_name": last, "role": role}
        )
        links = [(kind, str(pack.by_name[name].id) if kind == RULE else name) for kind, name in each.links]
        content = knowledge.Content(
            {"nl": each.nl, "en": each.en}, links, person, wording.local_day(moment) + timedelta(days=each.review),
            published=each.published, slug=each.slug, for_colleagues=True,
        )  # fmt: skip
        kept = knowledge.save(None, content, actor=person, now=moment - timedelta(days=each.age))
        if each.drawn:
            picture = pictures.add(kept, drawing.dock(), ALTS, actor=person, now=moment - timedelta(days=each.age))
            texts = {code: (title, f"{body}\n\n![{ALTS[code]}](picture:{picture.name})")
                     for code, (title, body) in content.texts.items()}  # fmt: skip
            knowledge.save(kept, replace(content, texts=texts), actor=person, now=moment - timedelta(days=each.age))
    for _reader in range(9):
        knowledge.count_help("volume-space", helped=True)
    knowledge.count_help("volume-space", helped=False)
