"""Takes out of a text what tells whom or which machine it was about, before others read it.

Rather too much than too little: somebody reads the text before it is published, and puts back what may stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from keuring_collector.desk.models import Staff
from keuring_collector.fleet.models import Colleague, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAIL: Final = re.compile(r"[^\s<>()\[\],;:\"']+@[\w-]+(?:\.[\w-]+)*")
_HOME: Final = re.compile(r"(?i)((?:[A-Z]:)?[\\/](?:users|home|documents\sand\ssettings)[\\/])[^\\/\s]+")
_ADDRESS: Final = re.compile(
    r"(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{1,4})(?![\w.]*\w)"
)
_PHONE: Final = re.compile(r"(?<!\w)(?:\+|00|0)\d(?:[\s.-]?\d){7,12}(?!\w)")
# A mix of letters and digits of six and more, or six digits: serial numbers, asset tags, ticket numbers, UUIDs.
_NUMBER: Final = re.compile(r"(?<!\w)(?=[\w-]*\d)(?=[\w-]*[A-Za-z]|\d{6})[A-Za-z0-9][A-Za-z0-9-]{4,}[A-Za-z0-9](?!\w)")
_TOKEN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_WORD: Final = re.compile(r"[^\W\d_][^\W\d_'’-]*")


def clean(text: str, known: Iterable[str] = ()) -> str:
    """``text`` without mail addresses, telephone and other numbers, addresses, names of machines, and names of anybody
    whom Keuring knows. ``known`` are words that must go whatever they look like.
    """
    machine, number, somebody = gettext("[machine]"), gettext("[number]"), gettext("[somebody]")
    for word in sorted({each.strip() for each in known if len(each.strip()) > 1}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?:\.\w[\w-]*)*(?!\w)", machine, text, flags=re.IGNORECASE)
    text = _MAIL.sub(gettext("[mail address]"), text)
    text = _HOME.sub(lambda match: match[1] + somebody, text)
    text = _ADDRESS.sub(number, text)
    text = _PHONE.sub(number, text)
    text = _machines(text, machine)
    text = _NUMBER.sub(number, text)
    return _names(text, somebody)


def _machines(text: str, instead: str) -> str:
    """Without the names of machines of the fleet, whole or with a domain behind them."""
    tokens = {match[0] for match in _TOKEN.finditer(text)}
    names = {form for token in tokens for form in (token, token.partition(".")[0])}
    forms = {form for name in names for form in (name, name.upper(), name.lower())}
    found = {name.lower() for name in Endpoint.objects.filter(host_name__in=forms).values_list("host_name", flat=True)}

    def replaced(match: re.Match[str]) -> str:
        return instead if found & {match[0].lower(), match[0].lower().partition(".")[0]} else match[0]

    return _TOKEN.sub(replaced, text)


def _names(text: str, instead: str) -> str:
    """Without first and last names of colleagues and of the desk; small words of a name ("van der") are no names."""
    people = [*Colleague.objects.values_list("name", flat=True)]
    for row in Staff.objects.values_list("first_name", "last_name", "username"):
        people += row
    parts = {part.lower() for name in people for part in _WORD.findall(name) if len(part) > 1 and part[0].isupper()}
    logins = {login.lower() for login in Staff.objects.values_list("username", flat=True) if len(login) > 2}

    def replaced(match: re.Match[str]) -> str:
        word = match[0].lower()
        return instead if (match[0][0].isupper() and word in parts) or word in logins else match[0]

    found = _WORD.sub(replaced, text)
    # "Sanne de Vries" is one person, not two.
    both = rf"{re.escape(instead)}(?:\s+(?:van|de|der|den|het|ten|ter|'t|’t|von|la|le)\b)*\s+(?={re.escape(instead)})"
    return re.sub(both, "", found)
