"""The hot tables: journal, history, state and facts, on SQLite or PostgreSQL; the only hand-written SQL."""

from keuring_collector.store.connection import ConstraintError, StorageError
from keuring_collector.store.days import Days
from keuring_collector.store.recent import Series
from keuring_collector.store.store import Statistics, Store, open_store

__all__ = ["ConstraintError", "Days", "Series", "Statistics", "StorageError", "Store", "open_store"]
