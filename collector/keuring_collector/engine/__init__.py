"""The judging: pure functions from (rules, state, window) to (state, findings); no clock, no I/O."""

from keuring_collector.engine.compiled import CompiledPack, CompiledRule
from keuring_collector.engine.fleet import Fleet

__all__ = ["CompiledPack", "CompiledRule", "Fleet"]
