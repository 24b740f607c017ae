"""What every SQLite connection sets, ours and Django's alike."""

from __future__ import annotations

from typing import Final

SQLITE_BUSY_SECONDS: Final = 20.0


def sqlite_init_command() -> str:
    """The statements to run on each new connection.

    Automatic checkpoints are off everywhere: before SQLite 3.51.3 a checkpoint that meets a write at the same
    instant can, rarely, corrupt the file. SqliteConnection.checkpoint does it on its own terms. FULL makes each commit
    durable: an acknowledged report survives a power cut.
    """
    return (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; "
        "PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
    )
