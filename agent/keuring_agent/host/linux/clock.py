"""What the kernel knows of its clock, through adjtimex(2)."""

from __future__ import annotations

import ctypes
from typing import ClassVar, Final

from keuring_agent.host.readings import ClockState, NotMeasurable

_UNSYNCHRONISED: Final = 0x0040
_NANOSECONDS: Final = 0x2000


class _Timex(ctypes.Structure):
    """The head of struct timex, and room for the rest."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maximum_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    ]


def read() -> ClockState:
    """Reads without changing anything (modes is 0), which needs no privilege."""
    state = _Timex()
    try:
        library = ctypes.CDLL(None, use_errno=True)
        result = library.adjtimex(ctypes.byref(state))
    except (OSError, AttributeError) as error:
        raise NotMeasurable("the system library does not offer adjtimex") from error
    if result < 0:
        raise NotMeasurable("the kernel does not answer adjtimex here")
    if state.status & _UNSYNCHRONISED:
        return ClockState(synchronised=False, offset=None)
    unit = 1e-9 if state.status & _NANOSECONDS else 1e-6
    return ClockState(synchronised=True, offset=state.offset * unit)
