"""The thin layer itself, with stand-ins for pywin32 and winreg: what it asks for, in which order, and what fails.

That Windows answers as these do is what their documentation says; none of us has seen it.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import calls, cim, devices, eventlog, registry
from keuring_agent.host.windows.native import Windows
from tests.agent.windows import event

NOON = "2026-11-25T12:00:00Z"


class FailedError(Exception):
    """pywintypes.error and pythoncom.com_error at once."""

    def __init__(self, code: int, inner: int | None = None) -> None:
        super().__init__(code)
        self.winerror = self.hresult = code
        self.excepinfo = None if inner is None else (0, None, None, None, 0, inner)


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    module = ModuleType(name)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)
    parent, _, child = name.rpartition(".")
    if parent:
        monkeypatch.setattr(sys.modules[parent], child, module, raising=False)


@pytest.fixture
def com(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes when COM is begun with and ended."""
    noted: list[str] = []
    stand_in(
        monkeypatch,
        "pythoncom",
        CoInitialize=lambda: noted.append("begin"),
        CoUninitialize=lambda: noted.append("end"),
        com_error=FailedError,
    )
    stand_in(monkeypatch, "win32com")
    return noted


def row(**fields: object) -> SimpleNamespace:
    """An object of WMI: late bound, so that its fields are asked for by name."""
    return SimpleNamespace(Properties_=SimpleNamespace(Item=lambda name: SimpleNamespace(Value=fields[name])))


def test_a_query_of_wmi(com: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def execute(text: str, dialect: str, flags: int) -> list[SimpleNamespace]:
        asked.append((text, dialect, flags))
        return [row(Name="a", Size="5"), row(Name="b", Size=None)]

    def connect(name: str) -> SimpleNamespace:
        asked.append(name)
        return SimpleNamespace(ExecQuery=execute)

    stand_in(monkeypatch, "win32com.client", GetObject=connect)
    found = Windows().cim(r"root\wmi", "Win32_Disk", ("Name", "Size"), "Size > 1")
    assert found == [{"Name": "a", "Size": "5"}, {"Name": "b", "Size": None}]
    assert asked == [
        "winmgmts:\\\\.\\root\\wmi",
        ("SELECT Name, Size FROM Win32_Disk WHERE Size > 1", "WQL", 48),
    ]
    assert com == ["begin", "end"]


@pytest.mark.parametrize(
    ("code", "inner", "reason"),
    [
        (-2147352567, -2147217405, cim.REFUSED),  # "exception occurred", around "access denied"
        (-2147217392, None, "this edition of Windows does not keep this"),
        (-1, None, "Windows' management service (WMI) does not answer this"),
    ],
)
def test_a_query_that_is_refused(
    com: list[str], monkeypatch: pytest.MonkeyPatch, code: int, inner: int | None, reason: str
) -> None:
    def refuse(_name: str) -> None:
        raise FailedError(code, inner)

    stand_in(monkeypatch, "win32com.client", GetObject=refuse)
    with pytest.raises(NotMeasurable) as error:
        cim.query("root", "X", ("Y",))
    assert error.value.reason == reason
    assert error.value.__context__ is None  # or COM's objects would outlive COM
    assert com == ["begin", "end"]


def test_updates_are_asked_of_this_machine_alone(com: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    update = SimpleNamespace(Categories=[SimpleNamespace(CategoryID="A")], MsrcSeverity="Critical")
    entry = SimpleNamespace(Date=1, Operation=1, ResultCode=2, Title="x")
    searcher = SimpleNamespace(
        Online=True,
        Search=lambda text: SimpleNamespace(Updates=[update]) if "IsInstalled=0" in text else None,
        GetTotalHistoryCount=lambda: 900,
        QueryHistory=lambda start, count: [entry] * count,
    )
    objects = {
        "Microsoft.Update.Session": SimpleNamespace(CreateUpdateSearcher=lambda: searcher),
        "Microsoft.Update.AutoUpdate": SimpleNamespace(Results=SimpleNamespace(LastSearchSuccessDate="then")),
    }
    stand_in(monkeypatch, "win32com.client", Dispatch=objects.__getitem__)
    windows = Windows()
    assert windows.waiting_updates() == [{"Categories": ("A",), "MsrcSeverity": "Critical"}]
    assert searcher.Online is False
    assert len(windows.installed_updates()) == 200
    assert windows.last_search() == "then"
    assert com == ["begin", "end"] * 3


class Key(dict[str, Any]):
    """An open key of the registry."""

    def __enter__(self) -> Key:
        return self

    def __exit__(self, *_: object) -> None:
        self["closed"] = True


def test_the_registry_as_a_program_of_64_bits_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    key = Key()

    def open_key(hive: str, path: str, _reserved: int, access: int) -> Key:
        opened.append((hive, path, access))
        if path == "missing":
            raise FileNotFoundError
        if path == "secret":
            raise PermissionError
        return key

    def at(listed: list[Any]) -> Any:
        def enumerate_(_key: Key, index: int) -> Any:
            if index >= len(listed):
                raise OSError
            return listed[index]

        return enumerate_

    members = {"KEY_READ": 1, "KEY_WOW64_64KEY": 256, "OpenKey": open_key}
    hives = {"HKEY_LOCAL_MACHINE": "machine", "HKEY_USERS": "people"}
    named = at([("Start", 4, 4), ("Name", "x", 1)])
    stand_in(monkeypatch, "winreg", **members, **hives, EnumValue=named, EnumKey=at(["a", "b"]))
    assert registry.values(r"HKLM\SYSTEM\X") == {"Start": 4, "Name": "x"}
    assert registry.keys("HKU") == ["a", "b"]
    assert opened == [("machine", r"SYSTEM\X", 257), ("people", "", 257)]
    assert key["closed"]
    assert registry.values(r"HKLM\missing") is None
    assert registry.keys(r"HKLM\missing") == []
    with pytest.raises(NotMeasurable, match="install the agent as a service"):
        registry.values(r"HKLM\secret")


class Log:
    """win32evtlog over a list of records."""

    EvtQueryChannelPath, EvtQueryForwardDirection, EvtQueryReverseDirection = 1, 0x100, 0x200
    EvtSeekRelativeToBookmark, EvtRenderEventXml = 4, 1

    def __init__(self, records: list[int]) -> None:
        self.records, self.closed, self.error = records, False, 0

    def EvtQuery(self, channel: str, flags: int, query: str) -> list[int]:  # noqa: N802
        if self.error:
            raise FailedError(self.error)
        return list(reversed(self.records)) if flags & self.EvtQueryReverseDirection else list(self.records)

    def EvtCreateBookmark(self, xml: str) -> int:  # noqa: N802
        assert "Channel='System'" in xml
        return int(xml.partition("RecordId='")[2].partition("'")[0])

    def EvtSeek(self, found: list[int], position: int, flags: int, mark: int) -> None:  # noqa: N802
        assert (position, flags) == (0, self.EvtSeekRelativeToBookmark)
        found[:] = [record for record in found if record >= mark]

    def EvtNext(self, found: list[int], count: int, _timeout: int) -> tuple[int, ...]:  # noqa: N802
        batch, found[:] = tuple(found[:count]), found[count:]
        return batch

    def EvtRender(self, record: int, flags: int) -> str:  # noqa: N802
        assert flags == self.EvtRenderEventXml
        return event("disk", 7, record, NOON)


def test_an_event_log_from_a_record_on(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(list(range(1, 200)))
    members = {name: getattr(log, name) for name in dir(log) if name.startswith("Evt")}
    stand_in(monkeypatch, "win32evtlog", **members)
    stand_in(monkeypatch, "pywintypes", error=FailedError)
    assert eventlog.newest("System") == 199
    assert len(eventlog.read("System", "*", 0)) == 199
    assert len(eventlog.read("System", "*", 190)) == 10
    log.records.clear()
    assert eventlog.newest("System") == 0
    for code, reason in ((5, "as a service"), (15007, "does not keep this event log"), (1, "cannot be read")):
        log.error = code
        with pytest.raises(NotMeasurable, match=reason):
            eventlog.read("System", "*", 0)
    log.error = 259  # no more items
    assert eventlog.read("System", "*", 0) == []


def test_a_disk_is_opened_for_its_properties_only(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []
    closed: list[int] = []

    def create(*arguments: Any) -> SimpleNamespace:
        opened.append(arguments)
        if arguments[0].endswith("9"):
            raise FailedError(5)
        return SimpleNamespace(Close=lambda: closed.append(1))

    stand_in(monkeypatch, "pywintypes", error=FailedError)
    stand_in(monkeypatch, "win32file", CreateFile=create, DeviceIoControl=lambda handle, code, data, size: b"x" * size)
    windows = Windows()
    assert windows.ioctl("PhysicalDrive0", 0x70020, b"", 4) == b"xxxx"
    windows.ioctl("PhysicalDrive0", 0x2D1400, b"question", 4, write=True)
    assert [arguments[:2] for arguments in opened] == [
        ("\\\\.\\PhysicalDrive0", 0),
        ("\\\\.\\PhysicalDrive0", 0xC0000000),
    ]
    assert closed == [1, 1]
    with pytest.raises(NotMeasurable, match="as a service"):
        devices.ioctl("PhysicalDrive9", 0, b"", 4, write=False)


def test_certificates_connections_and_promised_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    store = SimpleNamespace(
        CertEnumCertificatesInStore=lambda: [SimpleNamespace(CertEncoded=b"der")], CertCloseStore=closed.append
    )

    def open_store(provider: int, _encoding: int, _key: None, flags: int, name: str) -> SimpleNamespace:
        assert (provider, flags, name) == (10, 0x2C000, "MY")  # by name, of the machine, existing, to read
        return store

    stand_in(monkeypatch, "pywintypes", error=FailedError)
    stand_in(monkeypatch, "win32crypt", CertOpenStore=open_store)
    stand_in(monkeypatch, "win32api", GlobalMemoryStatusEx=lambda: {"TotalPageFile": 100, "AvailPageFile": 40})
    connected = [(1, "Home of Jan", "vpn", "WAN Miniport (IKEv2)")]
    stand_in(monkeypatch, "win32ras", error=FailedError, EnumConnections=lambda: connected)
    windows = Windows()
    assert windows.dialled() == ["vpn"]
    assert windows.certificates() == [b"der"]
    assert closed == [0]
    assert windows.commit() == (100, 40)


def test_numbers_of_interfaces_as_the_registry_writes_them() -> None:
    guid = bytes.fromhex("ddfe39b0 dcf8 5d4a 98bf ccf184b86f65")
    assert calls._text(guid) == "{B039FEDD-F8DC-4A5D-98BF-CCF184B86F65}"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Wi-Fi service elsewhere")
def test_what_windows_alone_has_is_said_to_be_missing() -> None:
    windows = Windows()
    for call in (windows.wlan, windows.display_sources):
        with pytest.raises(NotMeasurable):
            call()
