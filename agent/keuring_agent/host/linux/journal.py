"""What journalctl writes as JSON: an object on each line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def entries(output: bytes) -> Iterator[tuple[float, dict[str, Any]]]:
    """(seconds since 1970, fields) of each entry that can be read; what a damaged line held is left out."""
    import json

    for line in output.splitlines():
        try:
            entry = json.loads(line)
            yield int(entry["__REALTIME_TIMESTAMP"]) / 1e6, entry
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
