"""Dates as BIOSes, ClamAV, logs and certificates write them."""

from __future__ import annotations

import time

import pytest

from keuring_agent.host import dates


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (dates.iso, "2024-05-01T10:00:00+0200", 1714550400.0),
        (dates.iso, "2025-05-13", 1747094400.0),
        (dates.iso, "20270304T050607Z", 1804136767.0),
        (dates.iso, "", None),
        (dates.iso, "2024-13-01", None),
        (dates.american, "12/31/2024", 1735603200.0),
        (dates.american, "1/2/2024", 1704153600.0),
        (dates.american, "31/12/2024", None),
        (dates.american, "2024", None),
        (dates.named, "07 Dec 2023 03-24 -0500", 1701937440.0),
        (dates.named, "7 Dec 2023 03-24 +0000", 1701919440.0),
        (dates.named, "07 Xyz 2023 03-24 -0500", None),
        (dates.named, "soon", None),
        (dates.local, "never", None),
    ],
)
def test_dates(read: object, text: str, expected: float | None) -> None:
    assert callable(read)
    assert read(text) == expected


def test_what_tells_no_zone_is_the_machine_s_own() -> None:
    assert time.localtime(dates.local("2026-01-02 03:04:15"))[:6] == (2026, 1, 2, 3, 4, 15)
