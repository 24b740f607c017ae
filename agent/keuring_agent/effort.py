"""How much less than usual the agent measures at the moment, and why: kept by the resident process, shown by others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_agent import state
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from keuring_agent.language import Language


NOTED_LATER: Final = (
    "The disk of this machine turns and is not woken by the agent: what is sent while nobody uses it is noted as soon "
    "as somebody does, within a day."
)


class Effort(NamedTuple):
    """``slowed`` says by how much the time between two reads of a sensor is stretched; ``Effort()`` is the usual."""

    slowed: Mapping[str, int] = {}
    saving: bool = False
    turning: bool = False  # whether the agent's own files are on a disk that turns, and wait for it

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"slowed_sensors": dict(self.slowed), "saving_battery": self.saving, "notes_wait_for_disk": self.turning}

    def lines(self, say: Language) -> Iterator[str]:
        """In words; none at the usual effort."""
        if self.saving:
            yield say("The battery is nearly empty: the agent measures less until there is power again.")
        if self.turning:
            yield say(NOTED_LATER)
        for name, stretch in sorted(self.slowed.items()):
            yield say(
                "The sensor '{name}' costs too much here and reads {count} times less often.", name=name, count=stretch
            )


def load(directory: Path) -> Effort:
    """What the agent last kept; the usual effort where there is nothing, or nothing that can be read."""
    try:
        found = state.read(directory / state.EFFORT) or {}
    except StateError:
        return Effort()
    slowed = found.get("slowed")
    sound = slowed if isinstance(slowed, dict) else {}
    return Effort(
        {name: stretch for name, stretch in sound.items() if isinstance(stretch, int) and stretch > 1},
        found.get("saving") is True,
        found.get("turning") is True,
    )


def keep(directory: Path, effort: Effort) -> None:
    """Keeps it for every colleague to see. Raises StateError."""
    state.write(directory / state.EFFORT, effort._asdict(), durable=False, shared=True)
