"""A full disk and a damaged database: refused in words that help, nothing acknowledged that is not stored."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

import pytest

from keuring_collector.ingest.writer import STORED, WritePath
from keuring_collector.store import StorageError
from keuring_collector.store.connection import connect
from tests.faults import scenario
from tests.faults.volume import memory_volume

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.ingest.decode import Received


def reports(endpoint: int, first: int, count: int) -> list[Received]:
    return [scenario.received(endpoint, scenario.made(number)) for number in range(first, first + count)]


def refusal(path: WritePath, batch: list[Received]) -> str:
    """Writes a batch, of which all must be stored; or else the reason why none of it was."""
    try:
        answers = path.write(batch)
    except StorageError as error:
        return str(error)
    assert {answer.disposition for answer in answers} == {STORED}
    return ""


@pytest.mark.needs("mount")
def test_a_full_disk_refuses_and_takes_up_again_when_there_is_space(migrated_sqlite: Path, tmp_path: Path) -> None:
    with memory_volume(tmp_path / "small", "6m") as volume:
        shutil.copyfile(migrated_sqlite, volume / "keuring.sqlite3")
        url = f"sqlite:///{volume / 'keuring.sqlite3'}"
        connection = connect(url)
        endpoint = scenario.new_endpoint(connection)
        connection.close()
        path = WritePath(url, scenario.pack())
        path.write(reports(endpoint, 1, 3))
        ballast = volume / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(volume).free - 64 * 1024))
        stored, refusals = 3, []
        for _ in range(40):
            refused = refusal(path, reports(endpoint, stored + 1, 20))
            if refused:
                refusals.append(refused)
            else:
                stored += 20
        assert len(refusals) > 10
        assert all("full" in refused for refused in refusals)
        ballast.unlink()
        answers = path.write(reports(endpoint, stored + 1, 20))
        assert {answer.disposition for answer in answers} == {STORED}
        path.close()
        found = scenario.stored(url, endpoint)
        assert [entry[1] for entry in found.journal] == list(range(1, stored + 21))


@pytest.mark.parametrize("where", [0, 16, 100, 4096, 40_000])
def test_a_damaged_database_is_told_and_acknowledges_nothing(migrated_sqlite: Path, tmp_path: Path, where: int) -> None:
    path = tmp_path / "keuring.sqlite3"
    data = bytearray(migrated_sqlite.read_bytes())
    data[where : where + 512] = bytes(byte ^ 0x5A for byte in data[where : where + 512])
    path.write_bytes(data)
    writer = WritePath(f"sqlite:///{path}", scenario.pack())
    if not refusal(writer, reports(1, 1, 2)):
        # The damage lies in a page that this write does not need.
        assert len(scenario.stored(f"sqlite:///{path}", 1).journal) == 2
    with contextlib.suppress(StorageError):
        writer.close()


def test_a_database_that_is_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keuring.sqlite3"
    path.write_text("this is no database\n" * 200)
    writer = WritePath(f"sqlite:///{path}", scenario.pack())
    with pytest.raises(StorageError, match="database"):
        writer.write(reports(1, 1, 1))
