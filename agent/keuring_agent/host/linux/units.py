"""What systemd says of named units, in one question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_RUNS: Final = "run/systemd/system"
_DIGITS: Final = 20  # more than 64 bits have


def ask(tree: Tree, run: Run, timeout: float, properties: Sequence[str], names: Sequence[str]) -> list[dict[str, str]]:
    """The properties of each unit that systemd has loaded. Raises NotMeasurable without systemd."""
    if not tree.is_own or not tree.exists(_RUNS):
        raise NotMeasurable("systemd does not run here, and nothing else tells which services run")
    wanted = ",".join(("Id", "LoadState", *properties))
    result = run(["systemctl", "show", f"--property={wanted}", "--", *names], timeout)
    if result.status:
        raise NotMeasurable(f"systemd does not answer; systemctl ended with status {result.status}")
    return list(parse(result.output.decode("utf-8", "replace")))


def parse(output: str) -> Iterator[dict[str, str]]:
    """Blocks of NAME=VALUE between empty lines; units that are not installed are left out."""
    for block in output.split("\n\n"):
        found = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if found.get("LoadState") == "loaded":
            yield found


def stamp(text: str) -> int:
    """A time of systemd's in microseconds since the kernel started; 0 where there is none."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS else 0
