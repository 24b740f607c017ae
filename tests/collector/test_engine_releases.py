"""Versions behind: what counts as a release, which lines are kept beside newer ones, and how many are counted."""

from __future__ import annotations

import pytest

from keuring_collector.engine.releases import BESIDE_DAYS, Releases, moves, parts


def known(*versions: tuple[str, int]) -> Releases:
    return Releases(("windows", "Tekenwerk", version, day) for version, day in versions)


def behind(found: Releases, version: str) -> int:
    return found.behind("windows", "Tekenwerk", version)


@pytest.mark.parametrize(
    ("version", "count"),
    [("120.0.1", 6), ("121.0", 4), ("121.0.0", 4), ("123.0.2", 1), ("124.0", 0), ("130.0", 0), ("nightly", 0), ("", 0)],
)
def test_a_program_of_one_line_is_behind_by_every_newer_version(version: str, count: int) -> None:
    # The patch of 123 came when 124 had begun already, but within the month.
    fleet = known(("121.0", 0), ("122.0", 20), ("123.0", 40), ("124.0", 61), ("123.0.2", 66), ("120.2", 0))
    assert behind(fleet, version) == count


def test_a_line_that_is_kept_beside_newer_ones_counts_its_own_versions_alone() -> None:
    python = known(
        ("3.11.8", 5), ("3.12.1", 10), ("3.12.2", 30), ("3.11.9", 10 + BESIDE_DAYS), ("3.11.10", 90), ("3.12.5", 80),
        ("3.13.0", 85), ("3.13.1", 100), ("3.12.6", 100),
    )  # fmt: skip
    assert behind(python, "3.11.7") == 3  # nothing of 3.12, nor of 3.13
    assert behind(python, "3.11.10") == 0
    assert behind(python, "3.12.2") == 4  # its own two, and 3.13 until its line gets a version a month later
    assert behind(python, "3.10.4") == 9  # a line that got nothing is over
    extended = known(("128.3", 5), ("131.0", 6), ("132.0", 30), ("128.4", 40), ("133.0", 60), ("134.0", 90))
    assert behind(extended, "128.2") == 2
    assert behind(extended, "127.0") == 6


def test_another_program_and_another_system_say_nothing() -> None:
    fleet = Releases([("windows", "Tekenwerk", "2.0", 1), ("Debian GNU/Linux 13", "Rekenblad", "2.0", 1)])
    assert fleet.behind("windows", "Rekenblad", "1.0") == fleet.behind("darwin", "Tekenwerk", "1.0") == 0
    assert fleet.behind("windows", "Tekenwerk", "1.0") == 1


def test_a_move_is_an_update_not_an_installation_nor_a_way_back() -> None:
    story = [("1.0", 1), ("1.1", 9), ("1.0", 10), ("1.1", 12), (None, 20), ("2.0", 25), ("2.1", 30), ("2.1.0", 31)]
    assert moves(story) == {"1.1": 9, "2.1": 30}
    assert parts("24.2.0.0") == parts("24.2")
