"""ioreg, as text: its lines are simple, and reading them costs the agent less than its property lists would.

Run with -r, the class wanted and -w0, so that lines are whole.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_ENTRY: Final = re.compile(r"^[ |]*\+-o (.*?)  <class ([^,>]+)")
_PROPERTY: Final = re.compile(r'^[ |]*"([^"]+)" = (.+)$')
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_SIGN: Final = 1 << 63  # negative numbers are shown as if they had no sign
_STRING: Final = re.compile(r'^<?"([^"]*)"')


class Entry(NamedTuple):
    """One object of the registry: what its properties say, as they stand there."""

    name: str
    kind: str
    properties: dict[str, str]

    def number(self, *names: str) -> int | None:
        """The first of these properties that is a number."""
        for name in names:
            if _NUMBER.fullmatch(self.properties.get(name, "")):
                value = int(self.properties[name])
                return value - 2 * _SIGN if value >= _SIGN else value
        return None

    def text(self, *names: str) -> str | None:
        """The first of these properties that is a text, also where it is kept as bytes."""
        matches = (_STRING.match(self.properties.get(name, "")) for name in names)
        found = (" ".join(match[1].split()) for match in matches if match)
        return next((text for text in found if text), None)

    def flag(self, name: str) -> bool | None:
        """Yes or No."""
        return {"Yes": True, "No": False}.get(self.properties.get(name, ""))

    def data(self, name: str) -> bytes:
        """Bytes; none for what is not bytes."""
        value = self.properties.get(name, "")
        try:
            return binascii.unhexlify(value[1:-1]) if value.startswith("<") and value.endswith(">") else b""
        except (binascii.Error, ValueError):
            return b""


def ask(run: Run, timeout: float, kind: str, depth: int = 1) -> list[Entry]:
    """Objects of a class, and those below them down to ``depth``."""
    result = run(["ioreg", "-r", "-c", kind, "-d", str(depth), "-w0"], timeout)
    return read(result.output.decode("utf-8", "replace"))


def read(output: str) -> list[Entry]:
    """All objects of one output, in its order."""
    found: list[Entry] = []
    for line in output.splitlines():
        if (match := _ENTRY.match(line)) is not None:
            found.append(Entry(match[1].strip(), match[2], {}))
        elif found and (match := _PROPERTY.match(line)) is not None:
            found[-1].properties[match[1]] = match[2].strip()
    return found
