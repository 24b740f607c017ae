"""Graphics and screens: what they are from system_profiler, how busy a graphics processor is from the registry."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import profile, registry
from keuring_agent.host.inventory import Gpu, GpuUse, Screen
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item

KIND: Final = "SPDisplaysDataType"
_SECTIONS: Final = (KIND, "Graphics/Displays")
_LISTS: Final = ("spdisplays_ndrvs", "Displays")
_ON: Final = ("spdisplays_yes", "Yes")
# Screens that are other machines, which carry the names of colleagues.
_BORROWED: Final = ("airplay", "sidecar", "virtual")
_BUILT_IN: Final = "built-in"
_BUSY: Final = re.compile(r'"(?:Device Utilization %|GPU Activity\(%\))"=(\d{1,3})\b')
_NONE: Final = "system_profiler tells of no graphics, so of no screens"


def _cards(sections: Sequence[Item]) -> list[Item]:
    found = [item for section in sections if section.name in _SECTIONS for item in section.items]
    if not found:
        raise NotMeasurable(_NONE)
    return found


def _screens(sections: Sequence[Item]) -> list[Item]:
    lists = [part for card in _cards(sections) for part in card.items if part.name in _LISTS]
    return [screen for listed in lists for screen in listed.items if screen.first("spdisplays_online", "Online") in _ON]


def in_use(sections: Sequence[Item]) -> int:
    """Screens that are connected and switched on."""
    return len(_screens(sections))


def screens(sections: Sequence[Item]) -> list[Screen]:
    """Which they are; they go by number, and what is borrowed from another machine goes without its name."""
    found: list[Screen] = []
    for screen in _screens(sections):
        kind = screen.first("spdisplays_connection_type", "Connection Type") or ""
        sort = screen.first("spdisplays_display_type", "Display Type") or ""
        is_own = "internal" in kind.lower() or "built-in" in sort.lower().replace("_", "-") or _is_lcd(screen)
        external = sum(one.display != _BUILT_IN for one in found) + 1
        if any(word in f"{kind} {sort} {screen.name}".lower() for word in _BORROWED):
            continue
        name = _BUILT_IN if is_own and all(one.display != _BUILT_IN for one in found) else f"external {external}"
        found.append(Screen(name, screen.name or None, _made(screen)))
    return found


def _is_lcd(screen: Item) -> bool:
    return screen.name == "Color LCD"  # what Apple calls the screens that its machines have of their own


def _made(screen: Item) -> float | None:
    year, week = screen.first("_spdisplays_display-year"), screen.first("_spdisplays_display-week")
    if year is None or not re.fullmatch(r"(?:19|20)\d\d", year, re.ASCII):
        return None
    weeks = int(week) - 1 if week is not None and re.fullmatch(r"[1-9]\d?", week, re.ASCII) else 26
    return (datetime(int(year), 1, 1, tzinfo=UTC) + timedelta(weeks=min(weeks, 52))).timestamp()


def gpus(sections: Sequence[Item]) -> list[Gpu]:
    """Graphics processors, by number. Their drivers are part of macOS."""
    models = (card.first("sppci_model", "Chipset Model") or card.name for card in _cards(sections))
    return [Gpu(f"gpu{number}", model or None, None) for number, model in enumerate(models)]


def use(run: Run, timeout: float) -> list[GpuUse]:
    """Of each that macOS drives."""
    return of_accelerators(registry.ask(run, timeout, "IOAccelerator"))


def of_accelerators(entries: Sequence[registry.Entry]) -> list[GpuUse]:
    """How busy each is; a Mac's graphics have no memory of their own that would be told in one way."""
    matches = (_BUSY.search(entry.properties.get("PerformanceStatistics", "")) for entry in entries)
    shares = [min(100, int(match[1])) / 100 for match in matches if match is not None]
    return [GpuUse(f"gpu{number}", share, None, None) for number, share in enumerate(shares)]


def ask(run: Run, timeout: float) -> list[Item]:
    """What all of the above but the use is read from."""
    return profile.ask(run, timeout, KIND)
