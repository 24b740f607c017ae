"""The console's application, as granian's worker loads it.

A module of its own that imports next to nothing: the worker unpickles ``load`` before Django is set up.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Any


def load(_target: str) -> Any:
    """The WSGI application. From here on the worker ends when the process above it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, name="parent", daemon=True).start()
    from keuring_collector import logs, wsgi
    from keuring_collector.console import warming
    from keuring_collector.settings import KEURING

    logs.configure(KEURING.log_level)
    warming.load()
    return wsgi.application
