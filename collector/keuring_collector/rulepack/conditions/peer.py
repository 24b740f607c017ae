"""`peer`: a machine is unlike its peers, those of the same model or system in this fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, StrictBool, StrictInt, model_validator

from keuring.signals.model import Kind, ValueType
from keuring_collector.engine import compiled
from keuring_collector.engine.baselines import FEWEST_PEERS, SAME_SUBJECT, PeerFact, Question
from keuring_collector.rulepack.conditions.base import (
    Duration,
    Leaf,
    Part,
    Quantity,
    exactly_one,
    find_identity,
    find_signal,
    find_statistic,
    to_number,
)
from keuring_collector.rulepack.conditions.floors import Floor, compile_floors
from keuring_collector.rulepack.conditions.history import Daily, aggregate_of, to_days
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring.signals.model import Signal
    from keuring_collector.rulepack.problems import Loc

LONGEST = 60  # days
LEAST = 1e-9  # a spread of nothing would make everything unlike


class Peer(Part):
    """The last days of a series are unlike those of peers: by so many robust spreads, and by at least so much."""

    signal: str
    statistic: str | None = None
    daily: Daily = "mean"
    above: Quantity | None = Field(default=None, description="So many spreads above what is usual.")
    below: Quantity | None = Field(default=None, description="So many spreads below what is usual.")
    margin: Quantity = Field(description="And at least this far from what is usual, however much alike the others are.")
    by: list[str] = Field(
        default=["keuring.hardware.model"], min_length=1, description="Machines with the same of these facts are peers."
    )
    same_subject: StrictBool = Field(default=False, description="Only with the same part (sensor, fan) of the others.")
    peers: StrictInt = Field(default=10, ge=FEWEST_PEERS, description="Fewer machines do not say what is usual.")
    over: Duration = Field(default="7d", description="The days that count; the median of them is compared.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change starts afresh.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Peer:
        exactly_one(self, "above", "below")
        return self


def compile_peer(condition: Peer, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.GAUGE, Kind.COUNTER)
    side = "above" if condition.above is not None else "below"
    spreads = _spreads(getattr(condition, side), (*loc, side))
    margin = to_number(condition.margin, signal.unit, (*loc, "margin"))
    if margin <= 0:
        raise Fault((*loc, "margin"), f"a margin of {margin:g}", "write an amount above 0")
    days = to_days(condition.over, (*loc, "over"))
    if not 1 <= days <= LONGEST:
        raise Fault((*loc, "over"), f"{days} days", f"write 1d to {LONGEST}d")
    facts = sorted(_fact(name, signal, (*loc, "by", number)) for number, name in enumerate(condition.by))
    if condition.same_subject and not signal.subject:
        raise Fault((*loc, "same_subject"), f"'{signal.name}' is about the machine itself", "leave it out")
    question = Question(
        signal.id,
        find_statistic(signal, condition.statistic, loc),
        aggregate_of(condition.daily),
        days,
        (SAME_SUBJECT, *facts) if condition.same_subject else tuple(facts),
    )
    source = compiled.Peer(
        question,
        sign=1.0 if side == "above" else -1.0,
        peers=condition.peers,
        # So many spreads of at least this are at least the margin.
        least=max(margin / spreads, signal.precision, LEAST),
        identity=find_identity(condition.identity, signal.subject, loc),
    )
    main = compiled.Term(0, 0, 1.0, spreads, spreads, shown_limit=spreads)
    return Leaf((main, *compile_floors(condition.floors, signal.subject, loc)), source, signal.subject, limit=_spreads)


def _fact(name: str, signal: Signal, loc: Loc) -> PeerFact:
    fact = find_signal(name, loc, Kind.FACT)
    if fact.value is ValueType.TIME:
        raise Fault(loc, f"'{name}' is a time", "name a fact that machines have in common")
    if fact.subject and fact.subject != signal.subject:
        what = f"'{name}' is per {fact.subject}, '{signal.name}' is about {signal.subject or 'the machine'}"
        raise Fault(loc, what, "a fact must be of the same subject, or of the machine")
    return PeerFact(fact.id, bool(fact.subject))


def _spreads(text: str | float, loc: Loc) -> float:
    if isinstance(text, str) or text <= 0:
        raise Fault(loc, f"'{text}' is no number of spreads", "write a number above 0, without a unit")
    return float(text)
