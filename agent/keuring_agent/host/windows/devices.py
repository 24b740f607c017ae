"""Disks asked directly, by control codes that read."""

from __future__ import annotations

from typing import Any, Final

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows.cim import REFUSED

_READ, _WRITE = 0x80000000, 0x40000000  # of GENERIC_; some drivers answer only who could write
_SHARE_ALL: Final = 7
_OPEN_EXISTING: Final = 3
_DENIED: Final = 5


def _open(device: str, access: int) -> Any:
    import win32file

    return win32file.CreateFile(f"\\\\.\\{device}", access, _SHARE_ALL, None, _OPEN_EXISTING, 0, None)


def ioctl(device: str, code: int, data: bytes, size: int, *, write: bool) -> bytes:
    """One control code. Without ``write`` the device is opened for its properties only, which needs no privilege."""
    import pywintypes
    import win32file

    try:
        handle = _open(device, _READ | _WRITE if write else 0)
        try:
            return bytes(win32file.DeviceIoControl(handle, code, data or None, size))
        finally:
            handle.Close()
    except pywintypes.error as error:
        reason = REFUSED if error.winerror == _DENIED else "this disk does not answer what it is asked"
        raise NotMeasurable(reason) from error


def turns(device: str) -> bool:
    """GetDevicePowerState: whether the disk is awake."""
    import ctypes

    import pywintypes

    library: Any = ctypes
    try:
        handle = _open(device, 0)
    except pywintypes.error as error:
        raise NotMeasurable("this disk does not answer what it is asked") from error
    try:
        awake = ctypes.c_int(1)
        library.windll.kernel32.GetDevicePowerState(ctypes.c_void_p(int(handle)), ctypes.byref(awake))
        return bool(awake.value)
    finally:
        handle.Close()
