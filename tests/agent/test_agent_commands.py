"""Which programs the agent starts: as root none that another account could have put there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host import commands
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from pathlib import Path

SOMEBODY = 1000
needs_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A directory that is looked into first, and one after it, each with a program of the same name."""
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        place.mkdir(mode=0o755)
        (place / "asked").write_text(f"#!/bin/sh\necho {place.name}\n")
        (place / "asked").chmod(0o755)
    monkeypatch.setattr(commands, "SEARCH", f"{first}:{second}:{commands.SEARCH}")
    return first, second


def test_the_first_place_that_has_it_is_taken(places: tuple[Path, Path]) -> None:
    assert commands.run(["asked"], 5).output == b"first\n"
    assert commands.which(str(places[1] / "asked")) == str(places[1] / "asked")
    assert commands.which(str(places[1] / "missing")) is None


@needs_root
def test_root_starts_nothing_that_somebody_else_put_there(places: tuple[Path, Path]) -> None:
    first, second = places
    os.chown(first / "asked", SOMEBODY, SOMEBODY)
    assert commands.run(["asked"], 5).output == b"second\n"
    os.chown(first / "asked", 0, 0)
    os.chown(first, SOMEBODY, SOMEBODY)  # who may put another in its place, as with Homebrew
    assert commands.run(["asked"], 5).output == b"second\n"
    os.chown(first, 0, 0)
    first.chmod(0o777)
    assert commands.run(["asked"], 5).output == b"second\n"
    (second / "asked").chmod(0o757)
    with pytest.raises(NotMeasurable, match="not installed"):
        commands.run(["asked"], 5)
    assert commands.which(str(second / "asked")) is None


@needs_root
def test_a_link_is_as_safe_as_what_it_leads_to(places: tuple[Path, Path], tmp_path: Path) -> None:
    first, _ = places
    (tmp_path / "cellar").write_text("#!/bin/sh\necho cellar\n")
    (tmp_path / "cellar").chmod(0o755)
    os.chown(tmp_path / "cellar", SOMEBODY, SOMEBODY)
    (first / "asked").unlink()
    (first / "asked").symlink_to(tmp_path / "cellar")
    assert commands.run(["asked"], 5).output == b"second\n"
