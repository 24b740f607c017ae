"""keuring-collector restore: a collector from a backup, in an empty directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector import config
from keuring_collector.commands import settings_file, workspace

if TYPE_CHECKING:
    import argparse

    from keuring_collector.backup.archive import Manifest
    from keuring_collector.config import Settings

NAME: Final = "restore"
HELP: Final = (
    "Makes a collector from a backup: data directory and database must be empty. With --set database=… it moves to "
    "another database of the same kind. Agents go on where they were."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE.tar")


def run(arguments: argparse.Namespace) -> int:
    """Checks the backup, puts everything in place, and says what came back."""
    from keuring_collector.backup.archive import BackupError, unpack

    directory = workspace.settings().data_directory
    if directory.exists() and any(directory.iterdir()):
        raise BackupError(f"{directory}: is not empty; restore into an empty data directory")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = False
    try:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=directory.parent) as temporary:
            manifest = unpack(arguments.file, Path(temporary))
            _restore(Path(temporary), manifest, directory, arguments.file)
        done = True
    finally:
        if not done:
            _clear(directory)
    return 0


def _restore(source: Path, manifest: Manifest, directory: Path, file: Path) -> None:
    for name in ("keuring.toml", workspace.SECRET_KEY):
        if (source / name).exists():
            shutil.move(source / name, directory / name)
            (directory / name).chmod(0o600)
    shutil.move(source / workspace.AUTHORITY, directory / workspace.AUTHORITY)
    (directory / workspace.AUTHORITY).chmod(0o700)
    key = f"{config.ENVIRONMENT_PREFIX}DATABASE"
    if key in os.environ and (directory / "keuring.toml").exists():
        toml = directory / "keuring.toml"
        toml.write_text(settings_file.replaced(toml.read_text("utf-8"), "database", os.environ[key]), "utf-8")
    in_force = workspace.settings()
    _check_target(in_force, manifest, file)
    if manifest.database == "sqlite":
        _place_sqlite(source / "keuring.sqlite3", in_force)
        workspace.set_up_django(in_force)
        _migrate(in_force)
    else:
        _fill_postgres(source / "tables", in_force, manifest)
    print(f"restored the backup of {manifest.created[:19]}Z (version {manifest.version}) into {directory}")
    from keuring_collector.commands.backup import counts

    for name, count in counts().items():
        print(f"  {name}: {count}")
    print("next: keuring-collector serve; stop the collector that the backup is of, if it still runs")


def _check_target(in_force: Settings, manifest: Manifest, file: Path) -> None:
    """Refuses a database of another kind, or one that holds something."""
    from keuring_collector.backup.archive import BackupError

    path = workspace.sqlite_path(in_force)
    kind = "postgresql" if path is None else "sqlite"
    if kind != manifest.database:
        raise BackupError(
            f"{file}: is of a {manifest.database} database and cannot go into {workspace.described(in_force)}; name "
            f"an empty {manifest.database} database with --set database=…"
        )
    if path is not None:
        if path.exists():
            raise BackupError(f"{path}: is there already; move it away, or name another with --set database=…")
        return
    from keuring_collector.store import transfer

    if not transfer.is_empty(in_force.database_url):
        raise BackupError(f"{workspace.described(in_force)}: holds tables already; restore into an empty database")


def _place_sqlite(copy: Path, in_force: Settings) -> None:
    from keuring_collector.backup.archive import BackupError
    from keuring_collector.store import transfer

    if damage := transfer.check_sqlite(copy):
        raise BackupError(f"the database in the backup is damaged: {damage}; use another backup")
    target = workspace.sqlite_path(in_force)
    assert target is not None  # noqa: S101  (the kind was checked)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(copy, target)
    target.chmod(0o600)


def _fill_postgres(source: Path, in_force: Settings, manifest: Manifest) -> None:
    """The schema as it was, then the rows, then what is newer in this version."""
    from keuring_collector.store import transfer

    workspace.set_up_django(in_force)
    workspace.migrate_to(manifest.migrations)
    transfer.load(in_force.database_url, source)
    _migrate(in_force)


def _migrate(in_force: Settings) -> None:
    from django.core.management import call_command

    if workspace.pending_migrations(in_force):
        call_command("migrate", verbosity=0, interactive=False)


def _clear(directory: Path) -> None:
    """Takes away what a failed restore had put in place, so that it can be tried again."""
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
