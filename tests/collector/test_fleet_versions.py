"""Which agents are behind the version that the organisation wants."""

from __future__ import annotations

import pytest

from keuring_collector.fleet.versions import behind, is_behind


@pytest.mark.parametrize(
    ("told", "wanted", "expected"),
    [
        *(("0.1.0", "0.2.0", True), ("0.2.0", "0.2.0", False), ("0.2", "0.2.0", False), ("0.10.0", "0.9.0", False)),
        *(("0.9.0", "0.10", True), ("1", "0.2", False), ("0.1.0+ours", "0.1.0", False), ("0.1.0+ours", "0.1.1", True)),
        *(("", "0.2.0", False), ("0.1.0", "", False), ("dev", "0.2.0", False), ("9" * 400, "0.2.0", False)),
    ],
)
def test_versions(told: str, wanted: str, expected: bool) -> None:
    assert is_behind(told, wanted) is expected


def test_those_behind() -> None:
    assert behind({1: "0.1.0", 2: "0.2.0", 3: ""}, "0.2.0") == {1}
