"""Makes reports as an agent would send them, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Key = tuple[str, str, str]  # signal name, statistic name, subject


def dictionary(keys: Sequence[Key]) -> bytes:
    """The serialized SeriesDictionary of some series."""
    subjects = ["", *sorted({subject for _, _, subject in keys if subject})]
    return report_pb2.SeriesDictionary(
        signal_ids=[BY_NAME[name].id for name, _, _ in keys],
        subject_indices=[subjects.index(subject) for _, _, subject in keys],
        statistics=[report_pb2.Statistic.Value(f"STATISTIC_{statistic.upper()}") for _, statistic, _ in keys],
        subjects=subjects,
    ).SerializeToString()


def report(
    sequence: int,
    end: float,
    values: Mapping[Key, float],
    *,
    epoch: int = 1,
    duration: float = 300.0,
    facts: Mapping[tuple[str, str], Any] | None = None,
    events: Sequence[tuple[str, str, float, int]] = (),
) -> report_pb2.Report:
    """A report of the window of ``duration`` seconds that ended at ``end``."""
    message = report_pb2.Report(
        spool_epoch=epoch,
        sequence=sequence,
        boot_id="boot-1",
        series=dictionary(list(values)),
        values=np.array(list(values.values()), "<f4").tobytes(),
    )
    message.window_start_time.FromMilliseconds(round((end - duration) * 1000))
    message.window_duration.FromMilliseconds(round(duration * 1000))
    for (name, subject), value in (facts or {}).items():
        fact = message.facts.add(signal_id=BY_NAME[name].id, subject=subject)
        if isinstance(value, bool):
            fact.boolean_value = value
        elif isinstance(value, str):
            fact.string_value = value
        elif value is not None:
            fact.number_value = value
    for name, subject, at, count in events:
        event = message.events.add(signal_id=BY_NAME[name].id, subject=subject, count=count)
        event.observe_time.FromMilliseconds(round(at * 1000))
    return message
