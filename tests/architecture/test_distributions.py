"""Each distribution builds into a wheel by itself, and the wheel holds all that the program needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = {
    "protos": ["keuring/report/v1/report_pb2.py", "keuring/report/v1/report.proto", "keuring/signals/catalogue.py"],
    "rules": ["keuring_rules/articles/", "keuring_rules/storage/"],
    "agent": ["keuring_agent/__main__.py", "keuring_agent/sensors/"],
    "collector": [
        "keuring_collector/__main__.py",
        "keuring_collector/console/templates/",
        "keuring_collector/console/static/",
        "keuring_collector/locale/nl/LC_MESSAGES/django.mo",
        "keuring_collector/store/migrations/0001_tables.py",
    ],
}


@pytest.mark.parametrize("distribution", NEEDED)
def test_the_wheel_is_whole(distribution: str, tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    finished = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=ROOT / distribution, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for needed in NEEDED[distribution]:
        assert any(name.startswith(needed) for name in names), f"{wheel.name} lacks {needed}"
    sources = {
        str(path.relative_to(ROOT / distribution))
        for path in (ROOT / distribution).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.parent != ROOT / distribution
    }
    assert sources - set(names) == set()
