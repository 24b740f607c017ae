"""The spool: order, numbers, limits, and what damage does to it."""

from __future__ import annotations

import random
import sqlite3
import stat
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring.report.v1 import report_pb2
from keuring_agent import wire
from keuring_agent.errors import StateError
from keuring_agent.spool import FILE_NAME, Kept, Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = wire.gap(0, 0, "x" * 400)  # any bytes that parse as a report will do
NOW = 1_700_000_000.0
DAY = 86400.0


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is such a place: a spool syncs at every change, and a disk takes its time for that."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def report(kept: Kept) -> report_pb2.Report:
    return report_pb2.Report.FromString(kept.message)


def numbers(spool: Spool) -> list[int]:
    return [kept.sequence for kept in spool.batch(count=10_000, size=10**9).reports]


def check_whole(spool: Spool) -> tuple[int, int]:
    """Asserts that nothing is missing between the first and the last number; returns both."""
    kept = spool.batch(count=10_000, size=10**9).reports
    for one, other in pairwise(kept):
        assert other.sequence == one.last + 1
    for one in kept:
        read = report(one)
        assert read.sequence == one.sequence
        if one.last > one.sequence:
            assert (read.gap.first_sequence, read.gap.last_sequence) == (one.sequence, one.last)
    return (kept[0].sequence, kept[-1].last) if kept else (0, 0)


def test_keeps_reports_in_order_over_restarts(tmp_path: Path) -> None:
    assert [Spool(tmp_path).append(BODY, NOW) for _ in range(3)] == [1, 2, 3]
    spool = Spool(tmp_path)
    batch = spool.batch()
    assert 0 < batch.epoch < 2**62
    assert [report(kept).spool_epoch for kept in batch.reports] == [batch.epoch] * 3
    assert numbers(spool) == [1, 2, 3]
    assert numbers(Spool(tmp_path)) == [1, 2, 3]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_lets_go_of_what_was_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(4):
        spool.append(BODY, NOW)
    epoch = spool.batch().epoch
    spool.delete(epoch + 1, 4)  # of another spool
    spool.delete(epoch, 2)
    assert numbers(spool) == [3, 4]
    assert spool.append(BODY, NOW) == 5
    assert spool.fill()[:2] == (3, 5)


def test_batches_are_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(10):
        spool.append(BODY, NOW)
    assert [kept.sequence for kept in spool.batch(count=3).reports] == [1, 2, 3]
    assert [kept.sequence for kept in spool.batch(size=2 * len(BODY)).reports] == [1, 2]
    assert [kept.sequence for kept in spool.batch(first=9).reports] == [9, 10]


def test_a_full_spool_gives_up_the_oldest_and_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path, size_limit=200_000)
    for _ in range(1000):
        spool.append(BODY, NOW)
    assert (tmp_path / FILE_NAME).stat().st_size < 230_000
    assert check_whole(spool) == (1, 1000)
    first = spool.batch().reports[0]
    assert first.last > 300
    assert report(first).gap.reason == "the spool was full"


def test_too_old_reports_are_given_up_when_newer_ones_wait(tmp_path: Path) -> None:
    spool = Spool(tmp_path, age_limit=21 * DAY)
    for number in range(400):
        spool.append(BODY, NOW + number * 300)
    spool.append(BODY, NOW + 21 * DAY + 50 * 300)
    first = spool.batch().reports[0]
    assert (first.sequence, first.last) == (1, 50)
    assert report(first).gap.reason == "too old to be kept"
    assert check_whole(spool) == (1, 401)


def test_a_clock_that_jumped_ahead_empties_no_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number in range(20):
        spool.append(BODY, NOW + number * 300)
    spool.append(BODY, NOW + 5000 * DAY)
    spool.append(BODY, NOW)
    assert numbers(spool) == list(range(1, 23))


def test_a_gap_at_the_front_and_a_new_epoch(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(5):
        spool.append(BODY, NOW)
    epoch = spool.batch().epoch
    spool.delete(epoch, 3)
    spool.close_gap(epoch, 2, "gone")
    assert check_whole(spool) == (2, 5)
    spool.begin_epoch(epoch)
    assert spool.batch().epoch != epoch
    assert check_whole(spool) == (1, 4)
    assert spool.append(BODY, NOW) == 5
    spool.begin_epoch(epoch)  # already done
    assert check_whole(spool) == (1, 5)


def test_an_empty_spool_can_get_a_gap_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(3):
        spool.append(BODY, NOW)
    epoch = spool.batch().epoch
    spool.delete(epoch, 3)
    spool.close_gap(epoch, 2, "gone")
    assert check_whole(spool) == (2, 3)


def test_a_damaged_report_becomes_a_gap(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(3):
        spool.append(BODY, NOW)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE report SET body = x'00' WHERE sequence = 2")
    connection.close()
    # Also without looking through the spool first:
    assert report(spool.batch().reports[1]).gap.reason == "damaged in the spool"
    assert spool.mend() == 2  # one row gone, one gap made
    assert check_whole(spool) == (1, 3)
    assert spool.mend() == 0


@pytest.mark.parametrize("missing", [1, 2, 4])
def test_a_row_that_vanished_becomes_a_gap(tmp_path: Path, missing: int) -> None:
    spool = Spool(tmp_path)
    for _ in range(4):
        spool.append(BODY, NOW)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("DELETE FROM report WHERE sequence = ?", (missing,))
    connection.close()
    spool.mend()
    assert check_whole(spool) == ((1, 4) if missing > 1 else (2, 4))  # the first may as well have been acknowledged


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    directory = tmp_path_factory.mktemp("sound")
    spool = Spool(directory)
    for number in range(12):
        spool.append(BODY, NOW + number)
    return (directory / FILE_NAME).read_bytes()


def survives(directory: Path, data: bytes) -> None:
    """Whatever is on the disk, the agent starts, keeps a new report, and what it sends has no holes."""
    path = directory / FILE_NAME
    path.write_bytes(data)
    spool = Spool(directory)
    spool.mend()
    newest = spool.append(BODY, NOW)
    assert check_whole(spool)[1] == newest
    assert report(spool.batch(first=newest).reports[0]).gap.reason == "x" * 400  # the new one came through as it was
    path.unlink()


def test_survives_every_flip(tmp_path: Path, sound_file: bytes) -> None:
    draw = random.Random(1)
    for start in range(0, len(sound_file), 512):
        data = bytearray(sound_file)
        data[start + draw.randrange(512)] ^= 1 << draw.randrange(8)
        survives(tmp_path, bytes(data))


def test_survives_every_truncation(tmp_path: Path, sound_file: bytes) -> None:
    for size in range(0, len(sound_file), 512):
        survives(tmp_path, sound_file[:size])


def test_a_file_that_is_none_of_ours_is_moved_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all, but long enough to be one" * 50)
    spool = Spool(tmp_path)
    assert spool.append(BODY, NOW) == 2
    lost = report(spool.batch().reports[0])
    assert (lost.gap.first_sequence, lost.gap.last_sequence) == (1, 1)
    assert "damaged" in lost.gap.reason
    assert (tmp_path / "spool.damaged").exists()


def test_a_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be used"):
        Spool(tmp_path / "missing").append(BODY, NOW)
    assert not (tmp_path / "missing").exists()
