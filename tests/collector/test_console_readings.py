"""What pages make of articles and of measurements, without the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import CPU, LAST, MEAN

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_articles_show_markdown_and_never_html(site: Site) -> None:
    from keuring_collector.console import articles
    from keuring_collector.service import knowledge

    html = articles.render("# A\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) **b**\n\n| a |\n|---|\n| 1 |")
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<strong>b</strong>" in html
    assert "<table>" in html
    assert "<h2>A</h2>" in html
    assert knowledge.split("# Title\nBody", "x") == ("Title", "Body")
    assert knowledge.split("Body", "disk-space") == ("Disk space", "Body")


def test_statistics_decide_what_is_the_line_and_what_the_shade(site: Site) -> None:
    from keuring.signals.catalogue import BY_ID
    from keuring_collector.console import readings

    machine = site.machine()
    site.measure(machine, CPU, [0.25, 0.75] * 8, statistic=MEAN)
    site.measure(machine, CPU, [0.875, 1.0] * 8, statistic=4)
    (track,) = readings.tracks(machine.pk, readings.store().layouts(machine.pk))
    assert (track.signal, track.line) == (BY_ID[CPU], MEAN)
    reading = readings.by_day(track, site.now.timestamp() - 10 * 86400, site.now.timestamp())
    full = [point for point in reading.points if point.high == 1.0]
    assert full
    assert all(point.low == 0.25 and abs(point.value - 0.5) < 0.15 for point in full)
    assert LAST not in track.statistics
