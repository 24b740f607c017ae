"""The templates that ship with Keuring. The next step first, then why; in both languages, each written for itself."""

from __future__ import annotations

from typing import Final, NamedTuple


class Wording(NamedTuple):
    """A template in one language: what the desk calls it, and what the colleague reads."""

    name: str
    subject: str
    body: str


_CLOSING_NL = "\n\nGroet,\n{who}\nServicedesk"
_CLOSING_EN = "\n\nKind regards,\n{who}\nService desk"

TEMPLATES: Final[dict[str, dict[str, Wording]]] = {
    "visit": {
        "nl": Wording(
            "Ik kom langs",
            "Ik kom {day} bij je langs voor {machine}",
            "Hoi {colleague},\n\n"
            "{who} komt {day} bij je langs voor je computer {machine}. Je hoeft niets klaar te zetten.\n\n"
            "Waarom? {saw}\n\n"
            "We verwachten dat je er rond {date} last van krijgt. We zijn er dus op tijd bij.\n\n"
            "Komt die dag niet uit? Antwoord op dit bericht. Dan kiezen we samen een andere dag." + _CLOSING_NL,
        ),
        "en": Wording(
            "I am coming by",
            "I am coming by on {day} for {machine}",
            "Hi {colleague},\n\n"
            "{who} comes to see you on {day} about your computer {machine}. You need not prepare anything.\n\n"
            "Why? {saw}\n\n"
            "We expect it to trouble you around {date}. So we are in time.\n\n"
            "Does that day not suit you? Reply to this message. We will pick another day together." + _CLOSING_EN,
        ),
    },
    "when": {
        "nl": Wording(
            "Wanneer komt het uit?",
            "Wanneer kan ik naar {machine} kijken?",
            "Hoi {colleague},\n\n"
            "Stuur me een dag en een tijd die je goed uitkomen. Dan kijk ik even naar je computer {machine}.\n\n"
            "Waarom? {saw}\n\n"
            "Het heeft nog even: we verwachten dat je er rond {date} last van krijgt.\n\n"
            "Je werk blijft staan. Je hoeft niets op te ruimen." + _CLOSING_NL,
        ),
        "en": Wording(
            "When does it suit you?",
            "When may I look at {machine}?",
            "Hi {colleague},\n\n"
            "Please send me a day and a time that suit you. Then I will look at your computer {machine}.\n\n"
            "Why? {saw}\n\n"
            "There is time: we expect it to trouble you around {date}.\n\n"
            "Your work stays as it is. You need not tidy up anything." + _CLOSING_EN,
        ),
    },
    "yourself": {
        "nl": Wording(
            "Dit kun je zelf doen",
            "Een tip voor je computer {machine}",
            "Hoi {colleague},\n\n"
            "Je kunt dit zelf oplossen, als je dat wilt. Hier staat hoe, stap voor stap:\n{article}\n\n"
            "Waarom? {saw}\n\n"
            "Doe je het liever samen? Antwoord op dit bericht, dan kom ik langs." + _CLOSING_NL,
        ),
        "en": Wording(
            "You can do this yourself",
            "A tip for your computer {machine}",
            "Hi {colleague},\n\n"
            "You can mend this yourself, if you like. This tells you how, step by step:\n{article}\n\n"
            "Why? {saw}\n\n"
            "Would you rather do it together? Reply to this message, and I will come by." + _CLOSING_EN,
        ),
    },
    "bring": {
        "nl": Wording(
            "Kom met je computer langs",
            "Kom je {day} met {machine} langs?",
            "Hoi {colleague},\n\n"
            "Kom je {day} met je computer {machine} bij ons langs? Neem ook je adapter mee.\n\n"
            "Waarom? {saw}\n\n"
            "Moet je ondertussen doorwerken? Dan ligt er een leencomputer voor je klaar. "
            "Zeg het even, dan zetten we hem aan." + _CLOSING_NL,
        ),
        "en": Wording(
            "Come by with your computer",
            "Could you bring {machine} on {day}?",
            "Hi {colleague},\n\n"
            "Could you bring your computer {machine} to us on {day}? Please bring the charger too.\n\n"
            "Why? {saw}\n\n"
            "Do you have to go on working? We can lend you a computer. "
            "Just tell us, and we will have it ready." + _CLOSING_EN,
        ),
    },
    "unknown": {
        "nl": Wording(
            "We weten het nog niet",
            "Nog geen oplossing voor {machine}",
            "Hoi {colleague},\n\n"
            "Je hoeft nu niets te doen. We zoeken nog uit wat er met je computer {machine} is.\n\n"
            "Dit weten we wel: {saw}\n\n"
            "Uiterlijk {day} hoor je van {who} hoe het staat, ook als we het dan nog niet weten.\n\n"
            "Krijg je er eerder last van? Antwoord op dit bericht." + _CLOSING_NL,
        ),
        "en": Wording(
            "We do not know yet",
            "No answer yet about {machine}",
            "Hi {colleague},\n\n"
            "You need not do anything now. We are still finding out what is wrong with your computer {machine}.\n\n"
            "This we do know: {saw}\n\n"
            "By {day} at the latest, {who} will tell you how it stands, even if we do not know by then.\n\n"
            "Does it trouble you sooner? Reply to this message." + _CLOSING_EN,
        ),
    },
    "done": {
        "nl": Wording(
            "Het is opgelost",
            "Klaar: {machine} is weer in orde",
            "Hoi {colleague},\n\n"
            "Je kunt gewoon verder werken. Je computer {machine} is weer in orde.\n\n"
            "Merk je toch nog iets? Antwoord op dit bericht, dan kijk ik er opnieuw naar." + _CLOSING_NL,
        ),
        "en": Wording(
            "It is solved",
            "Done: {machine} is well again",
            "Hi {colleague},\n\n"
            "You can simply go on working. Your computer {machine} is well again.\n\n"
            "Do you still notice something? Reply to this message, and I will look again." + _CLOSING_EN,
        ),
    },
}
