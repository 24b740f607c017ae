"""keuring-collector as people use it: what it makes, what it says, and how it complains."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from django.db.migrations.loader import MigrationLoader

from keuring_collector.__main__ import MODULES
from keuring_collector.commands import workspace
from keuring_collector.store.before import BEFORE
from tests.collector.certificates import NOW
from tests.collector.command import PROGRAM, complaint, environment, keuring, keuring_here, ok
from tests.collector.django_database import pointed_at, set_up_django

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN_PACK = Path(__file__).parents[1] / "fixtures" / "daily_pack"

set_up_django()

from keuring_collector.desk.models import Staff, Ticket, TicketLine  # noqa: E402
from keuring_collector.fleet.models import Colleague, Department, Endpoint, EnrolmentToken  # noqa: E402

pytestmark = pytest.mark.long


def _state(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@contextlib.contextmanager
def _models(directory: Path) -> Iterator[None]:
    with pointed_at(f"sqlite:///{directory / 'keuring.sqlite3'}"):
        yield


def test_what_watches_the_others_loads_neither_numbers_nor_django() -> None:
    """The supervisor and the console's parent load what the command line needs, and no more: both stay resident."""
    heavy = "{'django', 'numpy', 'psycopg', 'grpc', 'yaml', 'keuring_collector.store'}"
    asked = "import sys; from keuring_collector import __main__ as m, supervisor; m.build_parser(); "
    told = subprocess.run(
        [sys.executable, "-c", f"{asked}print({heavy} & sys.modules.keys())"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert told.stdout == "set()\n"


def test_every_command_explains_itself(tmp_path: Path) -> None:
    listing = ok(keuring_here(tmp_path, "--help"))
    for module in MODULES:
        assert module.replace("_", "-") in listing
    assert "people" in ok(keuring_here(tmp_path, "people", "--help"))
    assert "FILE.csv" in ok(keuring_here(tmp_path, "people", "import", "--help"))


def test_init_makes_everything_once(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    text = ok(keuring(directory, "init", "--set", "public_name=desk.example", "--administrator", "petra"))
    assert [line.split()[:2] for line in text.splitlines()[:5]] == [
        ["made", part] for part in ("settings", "secret", "authority", "database", "administrator")
    ]
    password = text.partition("one-time password: ")[2].split()[0]
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    for path in directory.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert 'public_name = "desk.example"' in (directory / "keuring.toml").read_text().splitlines()
    assert "# report_port = 7443" in (directory / "keuring.toml").read_text().splitlines()
    with _models(directory):
        person = Staff.objects.get(username="petra")
        assert person.check_password(password)
        assert (person.must_change_password, person.role) == (True, "administrator")
    before = _state(directory)
    again = ok(keuring(directory, "init", "--set", "public_name=other.example"))
    assert [line.split()[0] for line in again.splitlines()[:5]] == ["kept"] * 5
    assert "password" not in again
    after = _state(directory)
    # Another name for this run gets another issuer and server certificate; nothing else is touched.
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"ca/issuer.pem", "ca/server.pem"}


def test_second_init_with_the_same_settings_changes_nothing(collector: Path) -> None:
    before = _state(collector)
    ok(keuring(collector, "init"))
    assert _state(collector) == before


def test_collector_that_is_not_there(tmp_path: Path) -> None:
    for command in (["serve"], ["status"], ["token"], ["endpoint", "list"], ["backup"]):
        text = complaint(keuring_here(tmp_path / "nowhere", *command))
        assert "there is no collector here" in text
        assert f"keuring-collector init --data-directory {tmp_path / 'nowhere'}" in text
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.needs("setpriv")
def test_data_directory_that_cannot_be_written(tmp_path: Path) -> None:
    directory = tmp_path / "locked"
    directory.mkdir(mode=0o555)
    # Root may write everywhere by a capability; without it root is an account like any other.
    without = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    finished = subprocess.run(
        [*without, *PROGRAM, "init"],
        env=environment(directory),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    text = complaint(finished)
    assert f"{directory}: the data directory cannot be written to" in text
    assert "--data-directory" in text


def test_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Not a directory" in complaint(keuring_here(tmp_path / "file" / "data", "init"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("report_prot = 1", "unknown setting 'report_prot'"),
        ("report_port = 70000", "setting 'report_port' is 70000"),
        ('database = "mysql://x"', "sqlite:///FILE or postgresql://"),
        ("report_port = ", "not valid TOML"),
        ('language = "de"', "setting 'language' is 'de'"),
    ],
)
def test_broken_settings_are_named_with_their_file(collector: Path, line: str, says: str) -> None:
    path = collector / "keuring.toml"
    path.write_text(line + "\n")
    text = complaint(keuring_here(collector, "status"))
    assert says in text
    assert str(path) in text


def test_broken_environment_and_flags_are_named(collector: Path) -> None:
    assert "$KEURING_REPORT_PORT" in complaint(keuring_here(collector, "status", report_port="many"))
    assert "--set nothing" in complaint(keuring_here(collector, "--set", "nothing", "status"))
    assert "--set report_prot=1" in complaint(keuring_here(collector, "status", "--set", "report_prot=1"))


def _edit_database(collector: Path, statement: str) -> None:
    connection = sqlite3.connect(collector / "keuring.sqlite3")
    with connection:
        connection.execute(statement)
    connection.close()


def test_database_of_a_newer_version(collector: Path) -> None:
    _edit_database(
        collector,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('desk', '0999_future', '2030-01-01 00:00:00')",
    )
    for finished in (
        keuring_here(collector, "status"),
        keuring_here(collector, "init"),
        keuring(collector, "serve"),
    ):
        text = complaint(finished)
        assert "made by a newer version of Keuring: migration desk.0999_future" in text
        assert "install that version" in text


def test_database_of_an_older_version_is_brought_up_to_date_by_init(collector: Path) -> None:
    _edit_database(collector, "DELETE FROM django_migrations WHERE app = 'sessions'")
    _edit_database(collector, "DROP TABLE django_session")
    assert "older version (1 migrations are missing, the first is sessions.0001_initial)" in complaint(
        keuring(collector, "serve")
    )
    assert "made  database" in ok(keuring(collector, "init"))
    ok(keuring(collector, "status"))


def test_database_of_before_the_first_release(collector: Path) -> None:
    """One that has had every migration of then needs none of now; one that lacks some is refused with what to do."""
    old = [migration for migrations in BEFORE.values() for migration in migrations]
    values = ", ".join(f"('{app}', '{name}', '2026-11-01 00:00:00')" for app, name in old)
    loader = MigrationLoader(None)
    for app, name in loader.replacements:
        _edit_database(collector, f"DELETE FROM django_migrations WHERE app = '{app}' AND name = '{name}'")
    _edit_database(collector, f"INSERT INTO django_migrations (app, name, applied) VALUES {values}")
    assert "kept  database" in ok(keuring_here(collector, "init"))
    assert "store 0001" in ok(keuring_here(collector, "status"))
    then = {"desk": "0020_open_tickets", "store": "0006_behind4_releases", "sessions": "0001_initial"}
    now = {"desk": "0004_desk", "store": "0001_tables", "sessions": "0001_initial"}
    assert workspace.successors(then, loader) == workspace.successors(now, loader) == now  # as a backup names them
    _edit_database(collector, "DELETE FROM django_migrations WHERE app = 'desk' AND name = '0020_open_tickets'")
    for command in ("init", "status"):
        text = complaint(keuring_here(collector, command))
        assert "halfway the development before the first release" in text
        assert "lacks migration desk.0020_open_tickets; bring it up to date with the last version of then" in text


def test_file_that_is_no_database(collector: Path) -> None:
    (collector / "keuring.sqlite3").write_bytes(b"rubbish" * 1000)
    text = complaint(keuring_here(collector, "status"))
    assert "the database cannot be used: file is not a database" in text


def test_server_that_is_not_there_may_be_there_later(collector: Path) -> None:
    url = "postgresql://keuring:geheim@127.0.0.1:1/keuring"
    finished = keuring_here(collector, "status", database=url)
    assert finished.returncode == 1  # a supervisor tries again, other than with a mistake, which is 2
    assert "cannot be reached" in finished.stderr
    assert "is the server up" in finished.stderr
    assert "geheim" not in finished.stderr


@pytest.mark.parametrize(
    ("setting", "process"),
    [
        ("report_port", []),
        ("enrolment_port", ["--only", "ingest"]),
        ("console_port", ["--only", "console"]),
        ("metrics_port", ["--only", "jobs"]),
    ],
)
def test_port_that_is_taken(collector: Path, setting: str, process: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = complaint(keuring(collector, "serve", *process, **{setting: str(port)}))
    assert str(port) in text
    assert setting in text


def test_plain_http_beyond_loopback_is_refused(collector: Path) -> None:
    text = complaint(
        keuring_here(collector, "serve", "--only", "console", console_tls="false", listen_address="0.0.0.0")
    )
    assert "plain HTTP is only served on a loopback address" in text


def test_certificate_of_ones_own_must_be_usable(collector: Path, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("rubbish")
    one = complaint(
        keuring_here(collector, "serve", "--only", "console", console_certificate=str(tmp_path / "cert.pem"))
    )
    assert "belong together" in one
    both = complaint(
        keuring_here(
            collector,
            "serve",
            "--only",
            "console",
            console_certificate=str(tmp_path / "cert.pem"),
            console_key=str(collector / "ca" / "server.key"),
        )
    )
    assert "cert.pem" in both


def test_broken_rules_stop_the_start_and_name_file_and_line(collector: Path, tmp_path: Path) -> None:
    pack = tmp_path / "rules"
    pack.mkdir()
    (pack / "broken.yaml").write_text("id: x\nname: y\n")
    text = complaint(keuring(collector, "serve", rules_directory=str(pack)))
    assert f"{pack / 'broken.yaml'}:1" in text
    assert f"{pack / 'broken.yaml'}:1" in complaint(keuring_here(collector, "rules", "lint", str(pack)))


def test_rules_of_the_house_are_good(tmp_path: Path) -> None:
    """Their tests run one by one in tests/rules; here the command runs those of a pack of an organisation."""
    assert "nothing to say" in ok(keuring_here(tmp_path, "rules", "lint"))
    assert re.match(r"[1-9]\d* tests passed, 0 failed", ok(keuring_here(tmp_path, "rules", "test", str(WRITTEN_PACK))))


def test_token_carries_address_root_and_secret_and_only_its_hash_is_kept(collector: Path) -> None:
    finished = keuring_here(
        collector, "token", "--minutes", "30", "--uses", "2", enrolment_port="7444", public_name="desk.example"
    )
    prefix, _, body = ok(finished).strip().partition(".")
    assert prefix == "keuring1"
    content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert content["a"] == "desk.example:7444"
    root = x509.load_der_x509_certificate(base64.b64decode(content["c"]))
    assert root == x509.load_pem_x509_certificate((collector / "ca" / "root.pem").read_bytes())
    assert "2 machines, within 30 minutes, at desk.example:7444" in finished.stderr
    identifier, _, secret = content["t"].partition(".")
    with _models(collector):
        row = EnrolmentToken.objects.get()
        assert (row.id, bytes(row.secret_hash), row.uses_left) == (
            identifier,
            hashlib.sha256(secret.encode()).digest(),
            2,
        )


def test_token_carries_the_other_collectors_too(collector: Path) -> None:
    flags = {"enrolment_port": "7444", "public_name": "desk.example", "other_collectors": "spare.example"}
    body = ok(keuring_here(collector, "token", **flags)).strip().partition(".")[2]
    content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert content["a"] == ["desk.example:7444", "spare.example:7444"]


def test_token_has_bounds(collector: Path) -> None:
    for wrong in (["--minutes", "1441"], ["--minutes", "0"], ["--uses", "0"], ["--uses", "x"]):
        finished = keuring_here(collector, "token", *wrong)
        assert finished.returncode == 2
        assert "Traceback" not in finished.stderr
    assert "only known while the collector runs" in complaint(keuring_here(collector, "token"))


def _machines(directory: Path) -> tuple[str, str]:
    """Puts two machines of one name into the collector, the older with a ticket, and a third; returns their UUIDs."""
    with _models(directory):
        finance = Department.objects.create(name="Finance")
        anna = Colleague.objects.create(name="Anna", mail="anna@example.com", department=finance)
        old = Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW, colleague=anna, department=finance)
        new = Endpoint.objects.create(host_name="LT-1", enrolled_at=NOW)
        Endpoint.objects.create(host_name="LT-2", enrolled_at=NOW)
        ticket = Ticket.objects.create(endpoint=old, cause="disk", key="k", severity=3, opened_at=NOW, updated_at=NOW)
        TicketLine.objects.create(ticket=ticket, rule="r", severity=3, since=NOW, judged_at=NOW)
        return str(old.uuid), str(new.uuid)


def test_machines_are_listed_revoked_and_replaced(collector: Path) -> None:
    assert "no machine has enrolled yet" in ok(keuring_here(collector, "endpoint", "list"))
    old, new = _machines(collector)
    text = ok(keuring_here(collector, "endpoint", "list"))
    assert re.search(rf"LT-1 +{old} +active +Anna +Finance +never", text)
    assert "LT-2 ({})" not in text
    assert "no machine is called 'LT-9'" in complaint(keuring_here(collector, "endpoint", "revoke", "LT-9"))
    ambiguous = complaint(keuring_here(collector, "endpoint", "revoke", "lt-1"))
    assert old in ambiguous
    assert new in ambiguous
    assert "revoked LT-2" in ok(keuring_here(collector, "endpoint", "revoke", "LT-2"))
    assert "1 tickets closed" in ok(keuring_here(collector, "endpoint", "replace", old, new))
    assert "cannot take its own place" in complaint(keuring_here(collector, "endpoint", "replace", new, new))
    rows = {
        row["uuid"]: row
        for row in map(json.loads, ok(keuring_here(collector, "endpoint", "list", "--json")).splitlines())
    }
    assert rows[old]["state"] == "replaced"
    assert (rows[new]["state"], rows[new]["colleague"], rows[new]["department"]) == ("active", "Anna", "Finance")
    assert {row["state"] for row in rows.values()} == {"active", "revoked", "replaced"}


def test_reset_password(collector: Path) -> None:
    assert "known are: admin" in complaint(keuring_here(collector, "reset-password", "petra"))
    password = ok(keuring_here(collector, "reset-password", "admin")).partition("password: ")[2].strip()
    with _models(collector):
        assert Staff.objects.get(username="admin").check_password(password)


def test_status_tells_what_matters(collector: Path) -> None:
    _machines(collector)
    text = ok(keuring_here(collector, "status"))
    facts = {line[:22].strip(): line[22:].strip() for line in text.splitlines()}
    for name in ("version", "database", "migrations", "last contact", "write-ahead log", "certificates"):
        assert facts.get(name) or any(line.startswith(name) for line in text.splitlines()), name
    content = json.loads(ok(keuring_here(collector, "status", "--json")))
    assert content["machines"] == "3 active"
    assert content["tickets"].startswith("1 new")
    assert content["SQLite"] == sqlite3.sqlite_version
    assert content["ingest"] == "not running"
    assert content["quarantined reports"] == 0
    if sqlite3.sqlite_version_info < (3, 51, 3):
        assert any("SQLite" in line for line in content["attention"])
