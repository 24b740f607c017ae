"""Gives memory back to the system that the program has freed and its C library holds on to."""

from __future__ import annotations

import gc
import sys


def give_back() -> None:
    """Sensors that read much at a time leave holes; glibc keeps them until it is asked. Elsewhere nothing is done."""
    gc.collect()
    if sys.platform != "linux":
        return
    import ctypes  # the clock has loaded it already

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
