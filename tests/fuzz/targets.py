"""All fuzz targets, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fuzz import agent, collector, linux, macs, reports, windows

if TYPE_CHECKING:
    from tests.fuzz.target import Target

BY_NAME: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        *reports.TARGETS,
        *collector.TARGETS,
        *agent.TARGETS,
        *linux.TARGETS,
        *macs.TARGETS,
        *windows.TARGETS,
    )
}
