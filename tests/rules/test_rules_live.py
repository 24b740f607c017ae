"""Reports as they come over the wire, judged by the shipped rules."""

from __future__ import annotations

import pytest

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.ingest.decode import Decoded, Decoder, Received

DAY = 86400
START = 1_767_225_600


def report(day: int, cause: str) -> Received:
    message = report_pb2.Report(spool_epoch=1, sequence=day + 1, boot_id=str(day))
    message.window_start_time.FromSeconds(START + day * DAY)
    message.window_duration.FromSeconds(300)
    event = message.events.add(signal_id=catalogue.KEURING_SYSTEM_UNCLEAN_SHUTDOWN.id, count=1)
    event.observe_time.FromSeconds(START + day * DAY + 60)
    event.attributes["cause"] = cause
    return Received(1, message, START + day * DAY + 305.0)


@pytest.mark.parametrize(("cause", "found"), [("unknown", ["unclean_shutdowns_recurring"]), ("flat_battery", [])])
def test_the_cause_of_a_sudden_shutdown_counts(cause: str, found: list[str]) -> None:
    pack = rulepack.load()
    fleet, decoder = Fleet(pack.compiled), Decoder()
    names = []
    for day in range(4):
        (item,) = decoder.decode([report(day, cause)])
        assert isinstance(item, Decoded)
        assert item.window is not None
        names += [pack.rules[finding.rule].name for finding in fleet.judge([item.window])]
    assert names[:1] == found
