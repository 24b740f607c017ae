"""Prints the part of requirements.lock that one distribution needs to run: the same versions and hashes, less tools.

Usage: ``python deploy/docker/runtime_lock.py collector``, in an environment in which all of requirements.lock is
installed: what needs what is read from there.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OWN = {"keuring-protos": "protos", "keuring-rules": "rules", "keuring-agent": "agent", "keuring-collector": "collector"}


def closure(directory: str) -> set[str]:
    """The canonical names of everything that the distribution in ``directory`` needs, here and now."""
    project = tomllib.loads((ROOT / directory / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(text) for text in project["dependencies"]]
    done: set[tuple[str, frozenset[str]]] = set()
    names: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = frozenset(requirement.extras)
        if (name, extras) in done or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        done.add((name, extras))
        if name in OWN:
            names |= closure(OWN[name])
            continue
        names.add(name)
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                needed.marker = None
                waiting.append(needed)
    return names


def blocks(lock: str) -> dict[str, str]:
    """The entries of requirements.lock, by canonical name; those of one name for several Pythons together."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", lock.strip()):
        name = canonicalize_name(re.split(r"[=\s\[]", block, maxsplit=1)[0])
        found[name] = found.get(name, "") + block + "\n"
    return found


def runtime_lock(directory: str) -> str:
    """What requirements.lock says of everything in ``closure(directory)``."""
    entries = blocks((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    return "".join(entries[name] for name in sorted(closure(directory)))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in OWN.values():
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(OWN.values())}")
    sys.stdout.write(runtime_lock(sys.argv[1]))
