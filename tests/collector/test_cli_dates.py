"""keuring-collector rules dates, as administrators use it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from keuring_collector import rulepack
from tests.collector.command import complaint, keuring_here, ok

if TYPE_CHECKING:
    from pathlib import Path

LATER = [{"cycle": "13", "eol": "2028-08-09", "extendedSupport": "2030-07-31"}]


def test_dates_are_listed_and_updated_whole_or_not_at_all(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(rulepack.shipped(), pack)
    table = pack / "data/end_of_life.yaml"
    before = table.read_text(encoding="utf-8")
    listing = ok(keuring_here(tmp_path, "rules", "dates", str(pack)))
    assert "windows-10 22H2 ended on 2025-10-14" in listing
    assert f"{table}: 0 dates were last looked at more than a year ago" in listing

    supplied = tmp_path / "debian.json"
    supplied.write_text(json.dumps(LATER), encoding="utf-8")
    told = ok(keuring_here(tmp_path, "rules", "dates", str(pack), "--from", str(supplied), "--dry-run"))
    assert "debian 13: 2030-06-30 becomes 2030-07-31" in told
    assert '-      - {version: "13", date: 2030-06-30' in told
    assert table.read_text(encoding="utf-8") == before
    ok(keuring_here(tmp_path, "rules", "dates", str(pack), "--from", str(supplied)))
    assert 'version: "13", date: 2030-07-31, source: "endoflife.date, debian"' in table.read_text(encoding="utf-8")
    assert sorted(path.name for path in table.parent.iterdir()) == sorted(
        path.name for path in (rulepack.shipped() / "data").iterdir()
    )

    supplied.write_text("[]]", encoding="utf-8")
    assert "not valid JSON" in complaint(keuring_here(tmp_path, "rules", "dates", str(pack), "--from", str(supplied)))
    other = tmp_path / "beos.json"
    other.write_text(json.dumps(LATER), encoding="utf-8")
    assert "no table has a version of beos" in complaint(
        keuring_here(tmp_path, "rules", "dates", str(pack), "--from", str(other))
    )
    assert "no tables of dates" in complaint(keuring_here(tmp_path, "rules", "dates", str(tmp_path)))
