"""The hot tables: journal, history, state and facts, on SQLite or PostgreSQL; the only hand-written SQL."""


def sqlite_init_command() -> str:
    """What every SQLite connection sets, ours and Django's alike.

    Automatic checkpoints are off everywhere: before SQLite 3.51.3 a checkpoint that meets a write at the same
    instant can, rarely, corrupt the file. store.sqlite checkpoints on its own terms.
    """
    return (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; "
        "PRAGMA foreign_keys=ON; PRAGMA busy_timeout=20000;"
    )
