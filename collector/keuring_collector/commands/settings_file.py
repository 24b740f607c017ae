"""keuring.toml as `init` writes it: every setting with its meaning, those at their default commented out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.config import ENVIRONMENT_PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADER: Final = f"""\
# Settings of this Keuring collector. What is commented out is the default; the environment goes before this file
# (${ENVIRONMENT_PREFIX}PUBLIC_NAME for public_name, and so on). A key that is not known is refused at the next start.
"""


def names() -> Iterator[str]:
    """The settings that may stand in the file: all but the place of the file itself."""
    return (name for name in Settings.model_fields if name != "data_directory")


def literal(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(literal(each) for each in value)}]"
    if isinstance(value, (str, Path)):
        return json.dumps(str(value), ensure_ascii=False)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def render(settings: Settings, chosen: Mapping[str, Any]) -> str:
    """The file, with the settings named in ``chosen`` in force and all others commented out."""
    parts = [HEADER]
    for name in names():
        field = Settings.model_fields[name]
        value = getattr(settings, name)
        example = literal(value) or '"/path/to/it"'
        line = f"{name} = {example}"
        parts.append(f"# {field.description}\n{line if name in chosen else '# ' + line}\n")
    return "\n".join(parts)


def replaced(text: str, name: str, value: Any) -> str:
    """The file with one setting changed, wherever it stands, and all else left as it was."""
    line = f"{name} = {literal(value)}"
    lines = text.splitlines()
    for prefix in (f"{name} ", f"{name}=", f"# {name} "):
        for index, existing in enumerate(lines):
            if existing.startswith(prefix):
                lines[index] = line
                return "\n".join(lines) + "\n"
    return "\n".join([*lines, line]) + "\n"
