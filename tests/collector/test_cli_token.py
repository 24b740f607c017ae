"""`keuring-collector token` for many machines, for machine certificates, and what was given out."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.collector.command import complaint, keuring_here, ok

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def collector(collector: Path) -> Path:
    file = collector / "keuring.toml"
    file.write_text(file.read_text().replace("enrolment_port = 0", "enrolment_port = 7444"))
    return collector


def test_a_bulk_token_is_listed_and_withdrawn(collector: Path) -> None:
    assert "there is no department 'Finance'" in complaint(keuring_here(collector, "token", "--department", "Finance"))
    made = keuring_here(collector, "token", "--uses", "200", "--minutes", "1440")
    identifier = made.stderr.partition(":")[0]
    assert "for 200 machines, within 1440 minutes" in made.stderr
    listed = ok(keuring_here(collector, "token", "--list"))
    assert listed.startswith(f"{identifier}  200 left, until ")
    assert "withdrawn" in ok(keuring_here(collector, "token", "--withdraw", identifier))
    assert ok(keuring_here(collector, "token", "--list")) == ""
    assert "no token" in complaint(keuring_here(collector, "token", "--withdraw", identifier))


def test_a_token_for_machine_certificates_has_no_secret(collector: Path, tmp_path: Path) -> None:
    assert "'machine_roots' names no authority" in complaint(keuring_here(collector, "token", "--machine-certificate"))
    roots = str(tmp_path / "roots.pem")
    made = ok(keuring_here(collector, "token", "--machine-certificate", machine_roots=roots)).strip()
    body = made.partition(".")[2]
    content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert content["t"] == ""
    assert ok(keuring_here(collector, "token", "--list")) == ""
