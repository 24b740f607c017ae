"""Entries of the menu, and programs that come as flatpaks or snaps of the whole machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

FLATPAK: Final = "var/lib/flatpak/app"  # not those below a home directory, which are a colleague's own
SNAP: Final = "snap"
_RELEASE: Final = re.compile(rb"<release\b[^>]*\bversion=[\"']([^\"']{1,40})[\"']")
_METAINFO: Final = 65536  # the newest release stands at the top


def title_of(tree: Tree, path: str) -> str | None:
    """The name that an entry gives its program, in no language; None for what the menu does not show."""
    return entry(tree.optional(path) or "") if path.endswith(".desktop") else None


def entry(text: str) -> str | None:
    """From the first group of a desktop entry; the groups after it are of its further actions."""
    fields: dict[str, str] = {}
    for line in text.partition("[Desktop Entry]")[2].splitlines():
        if line.startswith("["):
            break
        key, separator, value = line.partition("=")
        if separator:
            fields.setdefault(key.strip(), value.strip())
    shown = fields.get("Type") == "Application" and "true" not in (fields.get("NoDisplay"), fields.get("Hidden"))
    return (fields.get("Name") or None) if shown else None


def flatpaks(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """(identifier, program, version) of programs of the whole machine, by what they say of themselves."""
    for identifier in tree.names(FLATPAK):
        exported = f"{FLATPAK}/{identifier}/current/active/export/share"
        title = title_of(tree, f"{exported}/applications/{identifier}.desktop")
        for name in (f"{identifier}.metainfo.xml", f"{identifier}.appdata.xml"):
            match = _RELEASE.search(tree.head(f"{exported}/metainfo/{name}", _METAINFO))
            if title and match is not None:
                yield identifier, title, match[1].decode("utf-8", "replace")
                break


def snaps(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """(name, program, version) of snaps with a place in the menu."""
    for name in tree.names(SNAP):
        meta = f"{SNAP}/{name}/current/meta"
        titles = [title_of(tree, f"{meta}/gui/{each}") for each in tree.names(f"{meta}/gui")]
        title = next((each for each in titles if each), None)
        if title is None:
            continue
        for line in tree.lines(f"{meta}/snap.yaml"):
            if line.startswith("version:"):
                yield name, title, line.removeprefix("version:").strip(" '\"")
                break
