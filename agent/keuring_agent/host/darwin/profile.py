"""system_profiler: JSON as macOS gives it since 10.15, the property list before that, and the text that people read.

The three say the same under different names; who looks for a field gives all of its names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.darwin import plists
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keuring_agent.host.commands import Run

_DEEPEST: Final = 16
_NOTHING: Final = "system_profiler says nothing that is understood here"


class Item(NamedTuple):
    """Something with fields, and with parts of its own."""

    name: str
    fields: dict[str, str]
    items: list[Item]

    def first(self, *names: str) -> str | None:
        """The first of these fields that is there and not empty."""
        return next((self.fields[name] for name in names if self.fields.get(name)), None)

    def walk(self) -> Iterator[Item]:
        """This item and all parts of it, from above to below."""
        waiting = [self]
        while waiting:
            item = waiting.pop()
            yield item
            waiting.extend(reversed(item.items))


def ask(run: Run, timeout: float, *kinds: str) -> list[Item]:
    """What system_profiler tells of these kinds. Raises NotMeasurable."""
    result = run(["system_profiler", "-json", *kinds], timeout)
    if not result.output.lstrip().startswith(b"{"):  # before macOS 10.15 it does not know JSON
        result = run(["system_profiler", "-xml", *kinds], timeout)
    return read(result.output)


def walk(sections: Sequence[Item]) -> Iterator[Item]:
    """All items of all sections."""
    for section in sections:
        yield from section.walk()


def read(output: bytes) -> list[Item]:
    """The sections of one output. Raises NotMeasurable where nothing is understood."""
    start = output.lstrip()[:64]
    if start.startswith(b"{"):
        sections = _json(output)
    elif start.startswith((b"<?xml", b"bplist")):
        sections = _plist(output)
    else:
        sections = _text(output.decode("utf-8", "replace"))
    if not sections:
        raise NotMeasurable(_NOTHING)
    return sections


def _json(output: bytes) -> list[Item]:
    import json

    try:
        found = json.loads(output)
    except (ValueError, RecursionError):
        return []
    return [_item(kind, {"_items": items}, 0) for kind, items in plists.mapping(found).items()]


def _plist(output: bytes) -> list[Item]:
    sections = map(plists.mapping, plists.listing(plists.read(output)))
    return [
        _item(plists.text(section["_dataType"]), {"_items": section.get("_items")}, 0)
        for section in sections
        if section.get("_dataType")
    ]


def _item(name: str, found: dict[str, object], depth: int) -> Item:
    item = Item(name, {}, [])
    for key, value in found.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            item.items.append(_item(str(key), value, depth + 1))
        elif isinstance(value, list) and depth < _DEEPEST:
            parts = [_item(plists.text(part.get("_name")), part, depth + 1) for part in value if isinstance(part, dict)]
            if key == "_items":
                item.items.extend(parts)
            elif parts:
                item.items.append(Item(str(key), {}, parts))
        elif isinstance(value, str | int | float) and key != "_name":
            item.fields[str(key)] = " ".join(str(value).split())
    return item


def _text(text: str) -> list[Item]:
    """By indentation: a line that ends in a colon and has deeper ones below it begins an item."""
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    root = Item("", {}, [])
    above: list[tuple[int, Item]] = [(-1, root)]
    for number, line in enumerate(lines, 1):
        following = lines[number] if number < len(lines) else ""
        indent = _indent(line)
        begins = line.endswith(":") and _indent(following) > indent
        if not begins and (len(above) == 1 or indent <= above[1][0]):
            continue  # the second line of a text that has several
        while above[-1][0] >= indent:
            above.pop()
        here = above[-1][1]
        if begins:
            item = Item(line.strip()[:-1], {}, [])
            here.items.append(item)
            if len(above) <= _DEEPEST:
                above.append((indent, item))
        else:
            key, colon, value = line.strip().partition(":")
            if colon:
                here.fields.setdefault(key, value.strip())
    return root.items


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
