"""The rest of what is asked of Windows directly: certificates, updates, Wi-Fi and promised memory."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, ClassVar, Final

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows.api import Wlan
from keuring_agent.host.windows.cim import through_com

if TYPE_CHECKING:
    from keuring_agent.host.windows.values import Row

_PROVIDER_SYSTEM: Final = 10
_LOCAL_MACHINE, _READ_ONLY, _EXISTING = 0x20000, 0x8000, 0x4000
_HISTORY: Final = 200  # entries
_STATISTICS, _RSSI = 0x10000101, 0x10000102
_CONNECTED: Final = 1
_NAME: Final = 256
_UNTOLD: Final = "Windows Update does not tell which updates wait, or when it looked"


def certificates() -> list[bytes]:
    """DER of the certificates in the store MY of LocalMachine; no key is touched."""
    import pywintypes
    import win32crypt

    flags = _LOCAL_MACHINE | _READ_ONLY | _EXISTING
    try:
        store = win32crypt.CertOpenStore(_PROVIDER_SYSTEM, 0, None, flags, "MY")
    except pywintypes.error as error:
        raise NotMeasurable("Windows' store of the machine's certificates cannot be read") from error
    try:
        return [bytes(found.CertEncoded) for found in store.CertEnumCertificatesInStore()]
    finally:
        store.CertCloseStore(0)


def _searcher(client: Any) -> Any:
    """One that asks nobody but this machine."""
    searcher = client.Dispatch("Microsoft.Update.Session").CreateUpdateSearcher()
    searcher.Online = False
    return searcher


def waiting_updates() -> list[Row]:
    """Software that is not installed and not hidden; drivers are the maker's own affair."""

    def read(client: Any) -> list[Row]:
        found = _searcher(client).Search("IsInstalled=0 and IsHidden=0 and Type='Software'").Updates
        return [
            {
                "Categories": tuple(category.CategoryID for category in update.Categories),
                "MsrcSeverity": update.MsrcSeverity,
            }
            for update in found
        ]

    return through_com(read, lambda _code: _UNTOLD)


def installed_updates() -> list[Row]:
    """The newest of the history."""

    def read(client: Any) -> list[Row]:
        searcher = _searcher(client)
        count = min(searcher.GetTotalHistoryCount(), _HISTORY)
        names = ("Date", "Operation", "ResultCode", "Title")
        history = searcher.QueryHistory(0, count) if count else ()
        return [{name: getattr(entry, name) for name in names} for entry in history]

    return through_com(read, lambda _code: _UNTOLD)


def last_search() -> object:
    """A time of Windows Update's own notes, UTC."""

    def read(client: Any) -> object:
        return client.Dispatch("Microsoft.Update.AutoUpdate").Results.LastSearchSuccessDate

    return through_com(read, lambda _code: _UNTOLD)


def dialled() -> list[str]:
    """Kinds of the connections of Windows' remote access service."""
    import pywintypes
    import win32ras

    try:
        return [str(kind) for _handle, _entry, kind, _device in win32ras.EnumConnections()]
    except (pywintypes.error, win32ras.error) as error:
        raise NotMeasurable("the remote access service of Windows does not answer") from error


class _Adapter(ctypes.Structure):
    """D3DKMT_ADAPTERINFO."""

    _fields_: ClassVar = [
        ("handle", ctypes.c_uint32),
        ("luid", ctypes.c_uint32 * 2),
        ("sources", ctypes.c_uint32),
        ("precise", ctypes.c_int32),
    ]


class _Adapters(ctypes.Structure):
    """D3DKMT_ENUMADAPTERS."""

    _fields_: ClassVar = [("count", ctypes.c_uint32), ("adapters", _Adapter * 16)]


def display_sources() -> list[int]:
    """NumOfSources of each adapter: for so many screens it can make a picture at once."""
    library: Any = ctypes
    listed = _Adapters()
    try:
        api = library.WinDLL("gdi32.dll")
        status = api.D3DKMTEnumAdapters(ctypes.byref(listed))
    except (AttributeError, OSError) as error:
        raise NotMeasurable("this version of Windows does not tell all of this") from error
    if status:
        raise NotMeasurable("this version of Windows does not tell all of this")
    found = listed.adapters[: min(listed.count, 16)]
    for one in found:
        api.D3DKMTCloseAdapter(ctypes.byref(ctypes.c_uint32(one.handle)))
    return [int(one.sources) for one in found]


def commit() -> tuple[int, int]:
    """The limit of what can be promised, and what is left of it."""
    import win32api

    state = win32api.GlobalMemoryStatusEx()
    return int(state["TotalPageFile"]), int(state["AvailPageFile"])


class _Guid(ctypes.Structure):
    _fields_: ClassVar = [("bytes", ctypes.c_ubyte * 16)]


class _Interface(ctypes.Structure):
    """WLAN_INTERFACE_INFO."""

    _fields_: ClassVar = [("guid", _Guid), ("name", ctypes.c_uint16 * _NAME), ("state", ctypes.c_uint32)]


def wlan() -> list[Wlan]:
    """Interfaces of the WLAN service; neither networks nor access points are asked for."""
    library: Any = ctypes
    try:
        api = library.WinDLL("wlanapi.dll")
    except (AttributeError, OSError) as error:
        raise NotMeasurable("this machine has no Wi-Fi") from error
    handle, version, listed = ctypes.c_void_p(), ctypes.c_uint32(), ctypes.c_void_p()
    if api.WlanOpenHandle(2, None, ctypes.byref(version), ctypes.byref(handle)):
        raise NotMeasurable("the Wi-Fi service of Windows does not run")
    try:
        if api.WlanEnumInterfaces(handle, None, ctypes.byref(listed)) or not listed.value:
            raise NotMeasurable("the Wi-Fi service of Windows does not run")
        try:
            count = ctypes.c_uint32.from_address(listed.value).value
            interfaces = (_Interface * count).from_address(listed.value + 8)
            return [_interface(api, handle, found) for found in interfaces]
        finally:
            api.WlanFreeMemory(listed)
    finally:
        api.WlanCloseHandle(handle, None)


def _interface(api: Any, handle: Any, found: _Interface) -> Wlan:
    rssi = _asked(api, handle, found.guid, _RSSI)
    return Wlan(
        _text(bytes(found.guid.bytes)),
        found.state == _CONNECTED,
        int.from_bytes(rssi[:4], "little", signed=True) if len(rssi) >= 4 else None,
        _asked(api, handle, found.guid, _STATISTICS),
    )


def _asked(api: Any, handle: Any, guid: _Guid, code: int) -> bytes:
    size, data = ctypes.c_uint32(), ctypes.c_void_p()
    if api.WlanQueryInterface(handle, ctypes.byref(guid), code, None, ctypes.byref(size), ctypes.byref(data), None):
        return b""
    try:
        return ctypes.string_at(data.value, size.value) if data.value else b""
    finally:
        api.WlanFreeMemory(data)


def _text(guid: bytes) -> str:
    """{01234567-89AB-...}, as the registry and WMI write it: the first three parts lie in memory back to front."""
    first, second, third = guid[3::-1].hex(), guid[5:3:-1].hex(), guid[7:5:-1].hex()
    return f"{{{first}-{second}-{third}-{guid[8:10].hex()}-{guid[10:].hex()}}}".upper()
