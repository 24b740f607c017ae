"""Small trees of files that stand for a Linux machine, for tests of what reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_agent.host.commands import Result
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keuring_agent.host import commands


class OwnTree(Tree):
    """A tree that passes for the machine itself."""

    @property
    def is_own(self) -> bool:
        return True


def tree(root: Path, files: Mapping[str, str]) -> Tree:
    """Writes the files below ``root``, each with an end of line."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    return Tree(str(root))


def own(root: Path, files: Mapping[str, str] | None = None, *, systemd: bool = False) -> OwnTree:
    """The same, as the machine itself, on which systemd may run."""
    if systemd:
        (root / "run/systemd/system").mkdir(parents=True)
    return OwnTree(tree(root, files or {}).root)


def answering(**outputs: str) -> commands.Run:
    """Programs that say this (an underscore stands for a dash); those that are not named are not installed."""

    def run(arguments: Sequence[str], _timeout: float) -> Result:
        program = arguments[0].replace("-", "_")
        if program not in outputs:
            raise NotMeasurable(f"{arguments[0]} is not installed")
        return Result(0, outputs[program].encode())

    return run


def failing(arguments: Sequence[str], timeout: float) -> Result:  # takes what commands.run takes
    """A program that ends with status 1 and says nothing."""
    return Result(1, b"")


def unit(name: str, **properties: str) -> str:
    """What `systemctl show` says of a unit that is installed."""
    listed = {"Id": name, "LoadState": "loaded", **properties}
    return "".join(f"{key}={value}\n" for key, value in listed.items())


def unpack(archive: Path, target: Path) -> None:
    """Reads node_exporter's text archive of /sys."""
    name, lines = "", 0
    for line in archive.read_text(errors="replace").splitlines():
        if lines:
            with (target / name).open("a") as file:
                file.write(line.replace("NULLBYTE", "\0").replace("EOF", "") + "\n")
            lines -= 1
        elif line.startswith("Path: "):
            name = line.removeprefix("Path: ")
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).touch()
        elif line.startswith("Lines: "):
            lines = int(line.removeprefix("Lines: "))
        elif line.startswith("SymlinkTo: "):
            (target / name).unlink(missing_ok=True)
            (target / name).symlink_to(line.removeprefix("SymlinkTo: "))
