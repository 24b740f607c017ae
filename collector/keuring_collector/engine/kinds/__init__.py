"""Where a rule's own value comes from: one file for each kind of source, all with the same face (kind.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_collector.engine.compiled import ByCycles, Dated, Forecast, Growth, Jump, Peer, State, Trend, Unusual
from keuring_collector.engine.kinds.combining import Combining
from keuring_collector.engine.kinds.cycling import Cycling
from keuring_collector.engine.kinds.dating import Dating
from keuring_collector.engine.kinds.deviating import Deviating
from keuring_collector.engine.kinds.forecasting import Forecasting
from keuring_collector.engine.kinds.growing import Growing
from keuring_collector.engine.kinds.jumping import Jumping
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.kinds.peering import Peering
from keuring_collector.engine.kinds.stating import Stating
from keuring_collector.engine.kinds.trending import Trending

if TYPE_CHECKING:
    from keuring_collector.engine.state import FleetState

__all__ = ["KINDS", "Combining", "Kind", "of"]

# In the order in which they fold a window.
KINDS: dict[type, type[Kind]] = {
    Growth: Growing,
    Forecast: Forecasting,
    ByCycles: Cycling,
    Trend: Trending,
    Jump: Jumping,
    Peer: Peering,
    Dated: Dating,
    State: Stating,
    Unusual: Deviating,
}


def of(state: FleetState) -> dict[type, Kind]:
    """One of each kind but Combining that the fleet's rules use, by the type of source."""
    used = {type(rule.source) for rule in state.index.rules}
    return {source: kind(state) for source, kind in KINDS.items() if source in used}
