"""Windows: a toast through the shell's notification area, by ctypes alone. Never run by us; see docs/status.md."""

from __future__ import annotations

import ctypes
import time
from typing import Any, Final

_ADD, _DELETE = 0, 2
_TIP, _INFO = 0x04, 0x10
_NO_SOUND: Final = 0x10  # in dwInfoFlags
_HEED_QUIET_TIME: Final = 0x80
_MESSAGE_ONLY: Final = -3  # the parent of a window that is never seen
_ACCEPTS: Final = 5  # QUNS_ACCEPTS_NOTIFICATIONS
_LINGERS: Final = 8.0  # seconds after which the icon goes; the toast stays in the list of notifications


class Data(ctypes.Structure):
    """NOTIFYICONDATAW."""

    _fields_ = (
        ("cbSize", ctypes.c_uint32),
        ("hWnd", ctypes.c_void_p),
        ("uID", ctypes.c_uint32),
        ("uFlags", ctypes.c_uint32),
        ("uCallbackMessage", ctypes.c_uint32),
        ("hIcon", ctypes.c_void_p),
        ("szTip", ctypes.c_uint16 * 128),
        ("dwState", ctypes.c_uint32),
        ("dwStateMask", ctypes.c_uint32),
        ("szInfo", ctypes.c_uint16 * 256),
        ("uVersion", ctypes.c_uint32),
        ("szInfoTitle", ctypes.c_uint16 * 64),
        ("dwInfoFlags", ctypes.c_uint32),
        ("guidItem", ctypes.c_byte * 16),
        ("hBalloonIcon", ctypes.c_void_p),
    )


def put(field: Any, text: str) -> None:
    """Writes a text into a field of UTF-16, cut where it must be, and never within a letter."""
    data = text.encode("utf-16-le")[: 2 * (len(field) - 1)]
    data = data.decode("utf-16-le", "ignore").encode("utf-16-le")
    ctypes.memmove(field, data + b"\0\0", len(data) + 2)


def data(title: str, body: str, window: int) -> Data:
    """What the shell is told."""
    found = Data(cbSize=ctypes.sizeof(Data), hWnd=window, uID=1, uFlags=_TIP | _INFO)
    found.dwInfoFlags = _NO_SOUND | _HEED_QUIET_TIME
    put(found.szTip, "Keuring")
    put(found.szInfoTitle, title)
    put(found.szInfo, body or title)
    return found


class Shell:
    """See desktop.Desktop."""

    def __init__(self) -> None:
        libraries: Any = ctypes
        self._shell, self._windows = libraries.windll.shell32, libraries.windll.user32
        self._windows.CreateWindowExW.restype = ctypes.c_void_p

    def is_busy(self) -> bool:
        """Presentations, full screens, quiet time and a locked screen count as busy."""
        state = ctypes.c_int()
        return self._shell.SHQueryUserNotificationState(ctypes.byref(state)) == 0 and state.value != _ACCEPTS

    def show(self, title: str, body: str) -> bool:
        """See Desktop."""
        parent = ctypes.c_void_p(_MESSAGE_ONLY)
        window = self._windows.CreateWindowExW(0, "STATIC", "Keuring", 0, 0, 0, 0, 0, parent, None, None, None)
        if not window:
            return False
        told = data(title, body, window)
        try:
            if not self._shell.Shell_NotifyIconW(_ADD, ctypes.byref(told)):
                return False
            time.sleep(_LINGERS)
            self._shell.Shell_NotifyIconW(_DELETE, ctypes.byref(told))
        finally:
            self._windows.DestroyWindow(ctypes.c_void_p(window))
        return True
