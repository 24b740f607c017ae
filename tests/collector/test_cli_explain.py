"""`rules explain`: what a rule makes of a machine, from the machine's own stored reports."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import WritePath
from keuring_collector.rulepack import load
from tests.collector.certificates import NOW
from tests.collector.command import complaint, keuring_here, ok
from tests.collector.django_database import pointed_at, set_up_django
from tests.collector.reports import report

set_up_django()

from keuring_collector.fleet.models import Endpoint  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30
FREE = ("keuring.filesystem.available", "last", "/")
SHARE = ("system.filesystem.utilization", "last", "/")


def _report(url: str, endpoint: int, free: list[float]) -> None:
    """Reports five-minute windows up to about now with so much space left, in GiB."""
    end = time.time() - 300 * len(free)
    path = WritePath(url, load())
    for number, space in enumerate(free, 1):
        end += 300
        values = {FREE: space * GIB, SHARE: 0.97 if space < 20 else 0.5}
        facts = {("keuring.filesystem.type", "/"): "ext4"} if number == 1 else {}
        path.write([Received(endpoint, report(number, end, values, facts=facts), end + 1, end + 1)])
    path.close()


def test_explanation_names_what_is_measured_and_what_was_found(collector: Path) -> None:
    url = f"sqlite:///{collector / 'keuring.sqlite3'}"
    with pointed_at(url):
        full = Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW)
        Endpoint.objects.create(host_name="LT-2", enrolled_at=NOW)
    _report(url, full.pk, [40.0] * 6 + [10.0] * 12)
    text = ok(keuring_here(collector, "rules", "explain", "volume_nearly_full", "lt-1"))
    assert "keuring.filesystem.available: measured (/)" in text
    assert "18 windows played" in text
    assert text.count("opened") == 1
    assert text.rstrip().endswith("true now for: /")
    assert "18 windows played" in ok(keuring_here(collector, "rules", "explain", "LT-1", "volume_nearly_full"))
    battery = ok(keuring_here(collector, "rules", "explain", "LT-1", "battery_worn"))
    assert "never reported" in battery
    assert "reported nothing that this rule looks at" in battery
    silent = ok(keuring_here(collector, "rules", "explain", "volume_nearly_full", "LT-2"))
    assert "reported nothing" in silent


def test_unknown_names_are_told_with_the_nearest(collector: Path) -> None:
    assert "did you mean 'volume_nearly_full'" in complaint(
        keuring_here(collector, "rules", "explain", "LT-1", "volume_nearly_ful")
    )
    assert "no machine is called 'LT-1'" in complaint(
        keuring_here(collector, "rules", "explain", "volume_nearly_full", "LT-1")
    )
