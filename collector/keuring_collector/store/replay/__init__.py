"""History as windows, in bulk: the one reader of what happened, for whoever plays it through the engine again."""

from keuring_collector.store.replay.known import Known, plant
from keuring_collector.store.replay.present import catch_up, present
from keuring_collector.store.replay.reader import History, Reader

__all__ = ["History", "Known", "Reader", "catch_up", "plant", "present"]
