"""Reads the inventory for scrapes: never twice at once, never more often than it may cost, never for too long.

A scrape must answer within Prometheus' ten seconds whatever the database does. So the reading runs in a thread of its
own; a scrape waits for it a little, and otherwise answers with what was read before.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import django.db
import structlog

from keuring_collector.exporter.families import families
from keuring_collector.store import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import GaugeMetricFamily

    from keuring_collector.exporter.inventory import Inventory

MIN_CACHE_SECONDS: Final = 3.0
# Reading may take one part in twenty of one processor, however large the fleet and however often it is scraped.
COST_FACTOR: Final = 20.0
PATIENCE_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class InventorySource:
    """A collector for prometheus-client's registry: the families of the inventory, kept for a few seconds."""

    def __init__(
        self,
        read: Callable[[], Inventory],
        *,
        minimum_age: float = MIN_CACHE_SECONDS,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._minimum_age = minimum_age
        self._patience = patience
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._inventory: Inventory | None = None
        self._up = False
        self._again_at = -float("inf")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Reads anew when that is due, and gives what is known."""
        with self._lock:
            if self._reading is None and self._clock() >= self._again_at:
                self._reading = threading.Thread(target=self._refresh, name="inventory", daemon=True)
                self._reading.start()
            reading = self._reading
        if reading is not None:
            reading.join(self._patience)
        with self._lock:
            known, up = self._inventory, self._up and self._reading is None
        yield from families(known, up, self._wall_clock())

    def _refresh(self) -> None:
        begun = self._clock()
        result: Inventory | None = None
        try:
            result = self._read()
        except (django.db.Error, StorageError, OSError) as error:
            log.warning("the database could not be read for /metrics", error=str(error))
        finally:
            took = self._clock() - begun
            with self._lock:
                self._up = result is not None
                self._inventory = result or self._inventory
                self._again_at = self._clock() + max(self._minimum_age, COST_FACTOR * took)
                self._reading = None
