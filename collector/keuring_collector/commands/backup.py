"""keuring-collector backup: the whole collector in one file, also while it works."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_collector import __version__
from keuring_collector.commands import workspace

if TYPE_CHECKING:
    import argparse

    from keuring_collector.config import Settings

NAME: Final = "backup"
HELP: Final = (
    "Writes settings, keys, certificate authority and database into one file, also while the collector works. The "
    "file holds private keys: keep it as you would keep them."
)
FILES: Final = ("keuring.toml", workspace.SECRET_KEY)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE.tar",
        help="where to write it (default: backups/ in the data directory, named by the time)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the backup and prints where it is."""
    in_force = workspace.open_collector()
    from keuring_collector.backup.archive import BackupError, Manifest, pack

    now = dt.datetime.now(dt.UTC)
    target: Path = arguments.file or in_force.data_directory / "backups" / f"keuring-{now:%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise BackupError(f"{target}: is there already; name another file")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as temporary:
        directory = Path(temporary)
        for name in FILES:
            if (in_force.data_directory / name).exists():
                shutil.copyfile(in_force.data_directory / name, directory / name)
        shutil.copytree(in_force.data_directory / workspace.AUTHORITY, directory / workspace.AUTHORITY)
        kind = _database(in_force, directory)
        manifest = Manifest(1, __version__, now.isoformat(), kind, workspace.applied_migrations(in_force), counts(), {})
        pack(directory, target, manifest)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, database of {manifest.created[:19]}Z")
    return 0


def counts() -> dict[str, int]:
    """What a person would count to see that a backup is whole; taken right after it, so it may be a little ahead."""
    from keuring_collector.desk.models import Ticket
    from keuring_collector.fleet.models import Colleague, Endpoint

    return {model.__name__.lower() + "s": model.objects.count() for model in (Endpoint, Colleague, Ticket)}


def _database(in_force: Settings, directory: Path) -> str:
    from keuring_collector.store import transfer

    path = workspace.sqlite_path(in_force)
    if path is None:
        (directory / "tables").mkdir()
        transfer.dump(in_force.database_url, directory / "tables")
        return "postgresql"
    transfer.copy_sqlite(path, directory / "keuring.sqlite3")
    return "sqlite"
