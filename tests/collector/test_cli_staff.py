"""The commands for who works at the desk and for the audit; and what became of accounts of before there were roles."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from tests.collector.command import complaint, keuring_here, ok

if TYPE_CHECKING:
    from pathlib import Path


def test_people_of_the_desk_are_added_and_given_roles(collector: Path) -> None:
    (collector / "people.csv").write_text("name,mail,department\nAnna,anna@example.org,Finance\n", encoding="utf-8")
    ok(keuring_here(collector, "people", "import", str(collector / "people.csv"), "--yes"))
    added = ok(keuring_here(collector, "staff", "add", "noor", "--role", "visitor", "--department", "Finance"))
    assert re.fullmatch(r"noor, visitor, one-time password: ([a-z2-9]{4}-){3}[a-z2-9]{4}\n", added)
    listed = ok(keuring_here(collector, "staff", "list"))
    assert re.search(r"^admin +administrator +on +signed in never +all departments$", listed, re.MULTILINE)
    assert re.search(r"^noor +visitor +on +signed in never +Finance$", listed, re.MULTILINE)
    assert ok(keuring_here(collector, "staff", "role", "noor", "specialist")) == "noor: specialist, all departments\n"
    assert ok(keuring_here(collector, "staff", "disable", "noor")) == "noor: off\n"
    assert ok(keuring_here(collector, "staff", "enable", "noor")) == "noor: on\n"
    assert "known are: Finance" in complaint(
        keuring_here(collector, "staff", "role", "noor", "desk", "--department", "X")
    )
    assert "known are: admin, noor" in complaint(keuring_here(collector, "staff", "disable", "petra"))
    assert "the only administrator" in complaint(keuring_here(collector, "staff", "disable", "admin"))
    assert "signs in with this name already" in complaint(keuring_here(collector, "staff", "add", "noor"))
    assert "invalid choice: 'wizard'" in keuring_here(collector, "staff", "role", "noor", "wizard").stderr
    shown = ok(keuring_here(collector, "audit", "show"))
    assert [line.split()[4] for line in shown.splitlines()] == [
        *("staff.added", "staff.added", "staff.role", "staff.off", "staff.on"),
    ]


def test_a_broken_chain_ends_with_2_and_says_where(collector: Path) -> None:
    assert re.search(
        r"the audit holds: 1 entries up to 1, digest \w{64}", ok(keuring_here(collector, "audit", "verify"))
    )
    with sqlite3.connect(collector / "keuring.sqlite3") as connection:
        connection.execute("UPDATE desk_auditentry SET actor = 'nobody' WHERE sequence = 1")
    connection.close()
    finished = keuring_here(collector, "audit", "verify")
    assert finished.returncode == 2
    assert "the audit is broken: entry 1 was changed" in finished.stdout


def test_the_command_knows_the_roles_of_the_table() -> None:
    from keuring_collector.commands import audit
    from keuring_collector.config_checks import ROLES
    from keuring_collector.desk import audit_chain
    from keuring_collector.desk.roles import Role

    assert tuple(Role.values) == ROLES
    assert set(audit.WHY) == {audit_chain.CHANGED, audit_chain.MISSING, audit_chain.CUT, audit_chain.ADDED}
