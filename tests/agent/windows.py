"""A Windows that answers from recordings: what the thin layer would have handed on, without Windows."""

from __future__ import annotations

import html
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keuring_agent.host.commands import Result
    from keuring_agent.host.windows.api import Wlan
    from keuring_agent.host.windows.values import Row

EXPIRES = datetime(2027, 3, 1, 12, tzinfo=UTC)
# `w32tm /query /status /verbose`, after its documented form, in two languages.
W32TM = {
    "en": """Leap Indicator: 0(no warning)
Stratum: 4 (secondary reference - syncd by (S)NTP)
Precision: -23 (119.209ns per tick)
Root Delay: 0.0312500s
Root Dispersion: 7.7801552s
ReferenceId: 0x0A000001 (source IP:  10.0.0.1)
Last Successful Sync Time: 11/25/2026 9:12:44 AM
Source: dc01.example.org
Poll Interval: 10 (1024s)

Phase Offset: -0.0012345s
ClockRate: 0.0156250s
State Machine: 2 (Sync)
Time Source Flags: 0 (None)
Server Role: 0 (None)
Last Sync Error: 0 (The command completed successfully.)
Time since Last Good Sync Time: 523.1234567s
""",
    "nl": """Sprongindicator: 0 (geen waarschuwing)
Stratum: 4 (secundaire verwijzing - gesynchroniseerd door (S)NTP)
Precisie: -23 (119.209ns per tick)
Vertraging van hoofdserver: 0,0312500s
Spreiding van hoofdserver: 7,7801552s
Referentie-id: 0x0A000001 (bron-IP: 10.0.0.1)
Tijd van laatste geslaagde synchronisatie: 25-11-2026 09:12:44
Bron: dc01.example.org
Polling-interval: 10 (1024s)

Faseverschuiving: 0,0020000s
Kloksnelheid: 0,0156250s
""",
}

UNKNOWN = "this edition of Windows does not keep this"


def exported(path: Path) -> list[dict[str, object]]:
    """A file that `wmic ... get /format:list` wrote, as COM would give its objects: numbers of 64 bits as text."""
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-le")
    rows: list[dict[str, object]] = []
    row: dict[str, object] = {}
    for line in text.replace("\r", "").split("\n"):
        name, separator, value = line.partition("=")
        if not separator or not re.fullmatch(r"\w+", name) or name in row:
            if row and (name in row or not line.strip()):
                rows.append(row)
                row = {}
            if not separator or not re.fullmatch(r"\w+", name):
                continue
        row[name] = as_com(html.unescape(value))
    return [*rows, row] if row else rows


def as_com(text: str) -> object:
    if text in ("TRUE", "FALSE"):
        return text == "TRUE"
    if text.startswith("{") and text.endswith("}") and "-" not in text:
        return tuple(part.strip('"') for part in text[1:-1].split(","))
    return text or None


def event(
    provider: str, number: int, record: int, time: str, *listed: str, named: Mapping[str, str] | None = None
) -> str:
    """XML as EvtRender writes it."""
    data = "".join(f"<Data>{html.escape(text)}</Data>" for text in listed)
    data += "".join(f"<Data Name='{name}'>{html.escape(text)}</Data>" for name, text in (named or {}).items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{provider}'/><EventID Qualifiers='0'>{number}</EventID><Version>0</Version>"
        f"<TimeCreated SystemTime='{time}'/><EventRecordID>{record}</EventRecordID>"
        "<Computer>EXAMPLE</Computer></System>"
        f"<EventData>{data}</EventData></Event>"
    )


def nvme_log(**fields: int) -> bytes:
    """What the driver hands on of page 02h, and the controller's own serial number where that would be."""
    log = bytearray(4096)
    kelvin = fields.get("kelvin", 314)
    log[0] = fields.get("warning", 0)
    log[1:3] = kelvin.to_bytes(2, "little")
    log[3], log[5] = fields.get("spare", 100), fields.get("used", 7)
    for at, value in ((48, 17_800_000), (128, 3000), (144, 12), (160, fields.get("media_errors", 0))):
        log[at : at + 16] = value.to_bytes(16, "little")
    log[192:196] = (2).to_bytes(4, "little")
    return bytes(48) + bytes(log)


def statistics(sent: int, retried: int) -> bytes:
    """WLAN_STATISTICS of one radio."""
    return bytes(216) + struct.pack("<II", 1, 0) + struct.pack("<18Q", sent, 0, 0, retried, *[0] * 14)


def certificate(
    name: str = "lt-0231", issuer: str = "Example CA", expires: datetime = EXPIRES, *, client: bool = True
) -> bytes:
    """A certificate in DER, for signing in as a client or for serving."""
    key = ec.generate_private_key(ec.SECP256R1())
    use = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(expires - timedelta(days=365))
        .not_valid_after(expires)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


@dataclass
class RecordedWindows:
    """Implements ``api.System`` from its fields; an exception in a field is raised, and what is not there unknown."""

    rows: dict[str, list[dict[str, object]] | Exception] = field(default_factory=dict)
    registry: dict[str, dict[str, object]] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    devices: dict[tuple[str, int], bytes] = field(default_factory=dict)
    questions: list[bytes] = field(default_factory=list)
    asleep: set[str] = field(default_factory=set)
    store: list[bytes] = field(default_factory=list)
    waiting: list[dict[str, object]] | Exception = field(default_factory=list)
    history: list[dict[str, object]] | Exception = field(default_factory=list)
    searched: object = None
    sources: list[int] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    wireless: list[Wlan] = field(default_factory=list)
    programs: dict[str, Result] = field(default_factory=dict)
    report: str = ""
    promised: tuple[int, int] = (16_000_000_000, 6_000_000_000)
    asked: list[str] = field(default_factory=list)

    def cim(self, namespace: str, kind: str, fields: Sequence[str], where: str = "") -> Sequence[Row]:
        self.asked.append(kind)
        found = self.rows.get(kind, NotMeasurable(UNKNOWN))
        if isinstance(found, Exception):
            raise found
        return [{name: row.get(name) for name in fields} for row in found]

    def values(self, key: str) -> Row | None:
        return self.registry.get(key)

    def keys(self, key: str) -> Sequence[str]:
        prefix = f"{key}\\"
        below = (name.removeprefix(prefix).partition("\\")[0] for name in self.registry if name.startswith(prefix))
        return list(dict.fromkeys(below))

    def newest(self, channel: str) -> int:
        return max((found.record for found in events.parsed(self._log(channel))), default=0)

    def events(self, channel: str, query: str, after: int) -> Sequence[str]:
        wanted = {
            (provider, int(number))
            for provider, numbers in re.findall(r"Provider\[@Name='([^']+)'\] and \(([^)]+)\)", query)
            for number in re.findall(r"EventID=(\d+)", numbers)
        }
        since = re.search(r"@SystemTime>='([^']+)'", query)
        assert wanted
        chosen = []
        for text in self._log(channel):
            found = events.parse(text)
            assert found is not None
            late = since is None or found.time >= events._time(since[1])
            if (found.provider, found.id) in wanted and found.record >= after and late:
                chosen.append(text)
        return chosen

    def _log(self, channel: str) -> list[str]:
        if channel not in self.logs:
            raise NotMeasurable("this edition of Windows does not keep this event log")
        return self.logs[channel]

    def ioctl(self, device: str, code: int, data: bytes, size: int, *, write: bool = False) -> bytes:
        self.questions.append(data)
        if (device, code) not in self.devices:
            raise NotMeasurable("this disk does not answer what it is asked")
        return self.devices[device, code][:size]

    def turns(self, device: str) -> bool:
        return device not in self.asleep

    def certificates(self) -> Sequence[bytes]:
        return self.store

    def waiting_updates(self) -> Sequence[Row]:
        return self._or_raise(self.waiting)

    def installed_updates(self) -> Sequence[Row]:
        return self._or_raise(self.history)

    @staticmethod
    def _or_raise(found: list[dict[str, object]] | Exception) -> Sequence[Row]:
        if isinstance(found, Exception):
            raise found
        return found

    def last_search(self) -> object:
        return self.searched

    def display_sources(self) -> Sequence[int]:
        return self.sources

    def dialled(self) -> Sequence[str]:
        return self.connections

    def wlan(self) -> Sequence[Wlan]:
        return self.wireless

    def commit(self) -> tuple[int, int]:
        return self.promised

    def run(self, program: str, arguments: Sequence[str], timeout: float) -> Result:
        if program not in self.programs:
            raise NotMeasurable(f"{program.removesuffix('.exe')} is not installed")
        return self.programs[program]

    def battery_report(self) -> str:
        if not self.report:
            raise NotMeasurable("powercfg writes no report of the battery here")
        return self.report
