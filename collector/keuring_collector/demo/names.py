"""Who works in the simulated organisation: names that look Dutch and are plainly made up."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Department:
    """A department, where it sits, and which share of the machines is there."""

    name: str
    place: str
    share: float


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody with a machine. ``mail`` is unique and lies under a top-level domain that cannot exist."""

    name: str
    mail: str
    department: int
    language: str


DEPARTMENTS: Final = (
    Department("Vergunningen en Vlaggen", "Schijndamme, begane grond", 0.22),
    Department("Fictieve Financiën", "Schijndamme, 1e verdieping", 0.18),
    Department("Bureau Bedenksels", "Schijndamme, 2e verdieping", 0.14),
    Department("Waterwerken op Papier", "Proefhaven, gebouw B", 0.18),
    Department("Denkbeeldige Zorg", "Doenmaarwijk, kliniek", 0.20),
    Department("Archief van Morgen", "Proefhaven, kelder", 0.08),
)

_FIRST_NAMES: Final = (
    "Aaltje Abel Amina Bas Bilal Britt Cas Cees Dewi Dirk Eefje Emre Famke Femke Freek Gijs Greet Hanna Hidde Ilse "
    "Imane Jelle Jochem Joke Karim Katinka Klaas Lieke Loes Maarten Malika Mees Neeltje Niek Noor Olga Otto Petra "
    "Pim Quirijn Rachida Roos Ruben Saar Sjoerd Tess Tijs Truus Ugur Vera Wessel Wietske Xander Yara Yusuf Zoë"
)
_SURNAMES: Final = (
    "Voorbeeld|Verzinsel|van der Proef|de Nep|Fictief|ter Bedachte|Zogenaamd|van Quasi|Namaak|Denkbeeld|op den Schijn|"
    "Spookstra|Doenalsof|van het Sprookje|Luchtkasteel|Papiertijger|de Vrije Fantasie|Nooitgezien|Testma|Proefkonijn|"
    "van Gefingeerd|Hersenschim|Schijnhuis|Bordkarton|Zeggens|Kunstmatig|Fabeldier|ten Verhaal|Simulant|Dummema"
)
_FIRST, _LAST = _FIRST_NAMES.split(), _SURNAMES.split("|")


def _address(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    first, _, rest = plain.partition(" ")
    return f"{first}.{rest.replace(' ', '')}@nergenshuizen.example"


def colleagues(count: int, random: np.random.Generator) -> tuple[Colleague, ...]:
    """Draws ``count`` colleagues with different names, spread over the departments by their shares.

    Raises ValueError when there are not that many names.
    """
    if count > len(_FIRST) * len(_LAST):
        raise ValueError(f"the simulated fleet has at most {len(_FIRST) * len(_LAST)} colleagues, not {count}")
    picked = random.permutation(len(_FIRST) * len(_LAST))[:count]
    shares = [department.share for department in DEPARTMENTS]
    departments = random.choice(len(DEPARTMENTS), size=count, p=shares)
    english = random.random(count) < 0.12
    found = []
    for number, department, speaks_english in zip(picked.tolist(), departments.tolist(), english.tolist(), strict=True):
        name = f"{_FIRST[number // len(_LAST)]} {_LAST[number % len(_LAST)]}"
        found.append(Colleague(name, _address(name), department, "en" if speaks_english else "nl"))
    return tuple(found)
