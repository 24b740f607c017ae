"""Screens in use, from system_profiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_agent.host.darwin import profile
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.darwin.profile import Item

_SECTIONS = ("SPDisplaysDataType", "Graphics/Displays")


def in_use(sections: Sequence[Item]) -> int:
    """Screens that are connected and switched on."""
    found = [section for section in sections if section.name in _SECTIONS and section.items]
    if not found:
        raise NotMeasurable("system_profiler tells of no graphics, so of no screens")
    screens = [item.first("spdisplays_online", "Online") for item in profile.walk(found)]
    return sum(online in ("spdisplays_yes", "Yes") for online in screens)
