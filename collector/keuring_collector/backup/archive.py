"""The file of a backup: an uncompressed tar with a manifest that holds a checksum of every other file in it."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from keuring_collector.errors import KeuringError

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


class BackupError(KeuringError):
    """A backup cannot be made or used; the message says what, where and how to mend it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. ``migrations`` names the newest of each application, ``files`` has a SHA-256 for each."""

    format: int
    version: str
    created: str
    database: str
    migrations: dict[str, str]
    counts: dict[str, int]
    files: dict[str, str]


def pack(directory: Path, target: Path, manifest: Manifest) -> None:
    """Writes all files of ``directory`` into one for its owner alone; it is there whole or not at all."""
    names = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    complete = {**asdict(manifest), "files": {name: _digest(directory / name) for name in names}}
    (directory / MANIFEST).write_text(json.dumps(complete, indent=1), encoding="utf-8")
    partial = target.with_name(f".{target.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for name in [MANIFEST, *names]:
                    tar.add(directory / name, arcname=name, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def unpack(source: Path, directory: Path) -> Manifest:
    """Takes a backup apart into ``directory`` and checks every file. Raises BackupError or OSError."""
    try:
        with tarfile.open(source, mode="r:") as tar:
            tar.extractall(directory, filter="data")
        content = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (tarfile.TarError, FileNotFoundError, ValueError) as error:
        if not source.exists():
            raise
        raise BackupError(f"{source}: is no backup of Keuring, or is cut short: {error}") from error
    if content.get("format") != FORMAT:
        raise BackupError(f"{source}: is a backup of a newer form ({content.get('format')}); install that version")
    manifest = Manifest(**content)
    for name, digest in manifest.files.items():
        path = directory / PurePosixPath(name)
        if not path.is_file() or _digest(path) != digest:
            raise BackupError(f"{source}: {name} in it is damaged; use another backup")
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
