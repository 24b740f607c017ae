"""`show`: the shape of what the real program says of a recorded machine, against one reviewed file.

KEURING_UPDATE_GOLDEN=1 writes the file anew.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from keuring.signals.catalogue import BY_NAME, SIGNALS
from keuring.signals.model import Privacy, Statistic, Status
from keuring_agent import dispatches, language, log, show
from keuring_agent.language import Language

# The clock and the inodes are those of the machine that the test runs on, not of the recorded one.
OF_THIS_MACHINE = ("keuring.clock.", "keuring.filesystem.inodes.")
GOLDEN = Path(__file__).parent / "golden" / "show.json"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "keuring_agent", *arguments],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = Path(__file__).parent.parent / "fixtures" / "host" / "debian12-virtual"
    result = run(
        "show",
        "--json",
        "--state-directory",
        str(tmp_path_factory.mktemp("state")),
        KEURING_AGENT_ROOT_DIRECTORY=str(root),
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def shape(document: dict[str, Any]) -> dict[str, Any]:
    """Names, units, subjects, statistics and reasons, without values."""
    return {
        signal["name"]: {
            "unit": signal["unit"],
            "privacy": signal["privacy"],
            "values": [
                " ".join(filter(None, (value["subject"], value["statistic"], type(value["value"]).__name__)))
                for value in signal["values"]
            ],
            "last_sent": signal["last_sent"],
            **{key: signal[key] for key in ("not_measurable", "not_sent") if key in signal},
        }
        for signal in document["signals"]
        if not signal["name"].startswith(OF_THIS_MACHINE)
    }


def test_the_shape_is_the_reviewed_one(shown: dict[str, Any]) -> None:
    found = json.dumps(shape(shown), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("KEURING_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(found)
    assert found == GOLDEN.read_text(), "if that is meant, write the file anew with KEURING_UPDATE_GOLDEN=1"


def test_every_signal_says_why_it_is_measured(shown: dict[str, Any]) -> None:
    assert [signal["name"] for signal in shown["signals"]] == [
        signal.name for signal in SIGNALS if signal.status is Status.EMITTED
    ]
    for signal in shown["signals"]:
        assert signal["purpose"] == BY_NAME[signal["name"]].purpose
        if not signal["values"] and signal["kind"] != "event":
            assert signal.get("not_measurable") or signal["name"] in (
                "keuring.disk.latency", "system.cpu.utilization", "keuring.cpu.iowait.utilization"
            )  # fmt: skip  # a recorded machine does nothing between two samples


def test_for_a_person(tmp_path: Path) -> None:
    result = run(
        "show",
        "--language",
        "en",
        "--state-directory",
        str(tmp_path / "none"),
        KEURING_AGENT_PRIVACY_CLASSES="hardware",
    )
    assert result.returncode == 0, result.stderr
    assert "This is all that would leave this machine" in result.stdout
    assert "Space left on the file system." in result.stdout
    assert "why: Finds volumes that fill up" in result.stdout
    assert "not sent: privacy class identity may not leave" in result.stdout
    assert not (tmp_path / "none").exists()  # looking changes nothing
    for heading in ("Processor", "Memory", "File systems", "The agent itself"):
        assert f"\n{heading}\n" in result.stdout


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("system.cpu.utilization", 0.125, "12.5 %"),
        ("system.memory.limit", 16 * 2**30, "16 GiB"),
        ("system.cpu.frequency", 2.4e9, "2.4 GHz"),
        ("system.uptime", 90000.0, "1 d 1.0 h"),
        ("system.uptime", 7200.0, "2.0 h"),
        ("hw.temperature", 41.5, "41.5 °C"),
        ("keuring.battery.capacity.full", 45.2, "45.2 Wh"),
        ("keuring.filesystem.inodes.available", 16344400.0, "16,344,400 inode"),
        ("keuring.smart.critical_warning", 4.0, "4"),
        ("keuring.reboot.pending", True, "yes"),
        ("keuring.os.support_end", 1747094400.0, "2025-05-13"),
        ("os.name", "Debian GNU/Linux", "Debian GNU/Linux"),
        ("keuring.network.link.speed", 1e9, "1 Gbit/s"),
    ],
)
def test_values_as_a_person_reads_them(name: str, value: Any, expected: str) -> None:
    assert show.written(BY_NAME[name], value, Language("en")) == expected


def test_when_it_was_last_sent_and_to_whom(tmp_path: Path) -> None:
    sent = dispatches.Dispatch(
        1.7e9, "reports", "desk.example:8443", 900, 1, 1, 0, 0, "acknowledged", (BY_NAME["system.uptime"].id,)
    )
    vain = sent._replace(to="nobody.example:1", time=1.8e9, acknowledged=0, outcome="no answer")
    dispatches.append(tmp_path, [sent, vain])
    flags = ["show", "--state-directory", str(tmp_path)]
    plain = {each["name"]: each["last_sent"] for each in json.loads(run(*flags, "--json").stdout)["signals"]}
    assert plain["system.uptime"] == {"time": 1.7e9, "to": "desk.example:8443"}
    assert plain["host.name"] is None
    english = run(*flags, "--language", "en").stdout
    assert "last sent: 2023-11-" in english
    assert ", to desk.example:8443" in english
    assert "last sent: not yet, as far as the log goes back" in english
    dutch = run(*flags, LC_ALL="nl_NL.UTF-8").stdout
    assert "Dit is alles wat deze computer zou verlaten" in dutch
    assert "Tijd sinds het systeem is gestart." in dutch
    assert "waarom: Veel kleine kwalen verdwijnen met een herstart. [system.uptime, aanwezigheid]" in dutch
    assert ", naar desk.example:8443" in dutch


def test_all_that_the_catalogue_says_is_there_in_dutch() -> None:
    said = {text for signal in SIGNALS for text in (signal.brief, signal.purpose)}
    known = tomllib.loads((Path(show.__file__).parent / "languages" / "nl.toml").read_text(encoding="utf-8"))["signals"]
    assert said - known.keys() == set()
    assert known.keys() - said == set()  # what was said differently before


def test_every_text_of_the_programs_is_there_in_dutch() -> None:
    """Every text in a say(...) of the agent, and the values of what is said by name."""
    said = {title for _, title in show.TITLES} | set(log.OUTCOMES.values())
    said |= {privacy.name.lower() for privacy in Privacy} | {statistic.name.lower() for statistic in Statistic}
    for path in Path(show.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args:
                said.update(texts_of(node.args[0]))
    known = language.texts("nl")
    assert said - known.keys() - {""} == set()
    for english, dutch in known.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", dutch)), english


def texts_of(node: ast.expr) -> list[str]:
    """The strings that an argument may be: itself, or either end of a choice."""
    if isinstance(node, ast.IfExp):
        return [*texts_of(node.body), *texts_of(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
