"""What a benchmark gives: figures, each with its peer of the same run where there is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. ``ratio`` is ours through the peer's; ``how`` says how it was measured."""

    figure: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    how: str = ""
