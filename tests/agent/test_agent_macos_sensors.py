"""A whole Mac through all sensors, by made-up answers of its programs; none of this was ever run on a Mac."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring.reasons import table
from keuring.signals import catalogue
from keuring.signals.catalogue import SIGNALS
from keuring.signals.model import Kind, Status
from keuring_agent.host import darwin, local
from keuring_agent.host.commands import Result
from keuring_agent.host.darwin import DarwinHost
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.sensors import every
from tests.agent import mac_says, macs
from tests.agent.mac_says import AT
from tests.agent.macs import mac, programs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.window import WindowReport

PACKAGE = Path(darwin.__file__).parent


@pytest.fixture(autouse=True)
def mac_in_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """What psutil would say of a Mac where this machine has other names for it."""
    macs.psutil_of_a_mac(monkeypatch)


def one_window(host: DarwinHost, notebook: dict[str, str | float | bool], complain: object = pytest.fail) -> Recorder:
    recorder = Recorder(host, every(notebook, 1, 1), Ledger(), Gate(), 5.0, complain)  # type: ignore[arg-type]
    recorder.sample(closing=True)
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    return recorder


def texts(report: WindowReport) -> str:
    return repr((report.series, report.facts, report.events, report.unmeasured))


def test_a_mac_emits_or_explains_every_signal_and_tells_nobodys_names(tmp_path: Path) -> None:
    notebook: dict[str, str | float | bool] = {"boot_id": "the one before", "crashes_position": repr(AT)}
    recorder = one_window(mac(tmp_path), notebook)
    report = recorder.close()
    assert report is not None
    measured = {key.signal for key in report.series} | {key[0] for key in report.facts}
    measured |= {event.signal.id for event in report.events}
    explained = {key[0]: reason for key, reason in recorder.reason_unmeasured().items()}
    known = [signal for signal in SIGNALS if signal.status is Status.EMITTED]
    quiet = {signal.id for signal in known if signal.kind is Kind.EVENT}
    quiet |= {catalogue.KEURING_AGENT_SENSOR_COST.id, catalogue.KEURING_AGENT_SENSOR_STRETCH.id}  # once an hour
    rates = {catalogue.SYSTEM_CPU_UTILIZATION.id, catalogue.KEURING_DISK_LATENCY.id}  # they take time to pass
    told = measured | explained.keys() | quiet | rates
    assert {signal.name for signal in known if signal.id not in told} == set()
    assert not any("yet" in reason for reason in explained.values())
    for name in ("COLLEAGUE", "NEIGHBOURS", "anna", "mac-0042", "secret"):
        assert name not in texts(report)
    # The catalogue says the same: nothing that no Mac can measure, and all that this one does.
    never = {identity for identity, reason in explained.items() if reason in NEVER}
    promised = {signal.id for signal in known if "macos" in signal.platforms}
    assert {catalogue.BY_ID[identity].name for identity in never & promised} == set()
    assert {catalogue.BY_ID[identity].name for identity in measured - promised} == set()


def reasons() -> dict[str, list[str]]:
    """Texts that the package says NotMeasurable with, by file."""
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.glob("*.py")):
        tree = ast.parse(path.read_text())
        constants = {
            node.target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotMeasurable":
                argument = node.args[0]
                if isinstance(argument, ast.Constant):
                    found.setdefault(path.name, []).append(str(argument.value))
                elif isinstance(argument, ast.Name):
                    found.setdefault(path.name, []).append(str(constants[argument.id]))
    return found


# Said by the host itself, whatever the Mac.
NEVER = frozenset(reasons()["__init__.py"]) - {"no physical network interface is visible"}


def test_colleagues_read_every_reason_in_dutch_too() -> None:
    known = set(table("nl"))
    said = {reason for listed in reasons().values() for reason in listed}
    assert len(said) > 30
    assert said - known == set()


def test_a_mac_on_which_nothing_answers_still_says_why(tmp_path: Path) -> None:
    def run(arguments: Sequence[str], _timeout: float) -> Result:
        return Result(1, b"")

    complaints: list[str] = []
    host = DarwinHost(run=run, tree=Tree(str(tmp_path)))
    recorder = one_window(host, {"boot_id": "the one before"}, complaints.append)
    assert complaints == []
    assert len([reason for reason in recorder.reason_unmeasured().values() if reason]) > 60


@pytest.mark.parametrize("command", sorted(mac_says.SAID))
def test_one_program_that_hangs_stops_no_sensor(command: str, tmp_path: Path) -> None:
    answers = programs()

    def run(arguments: Sequence[str], timeout: float) -> Result:
        if " ".join(arguments).startswith(command):
            raise NotMeasurable(f"{arguments[0]} took longer than {timeout:g} s, or wrote too much")
        return answers(arguments, timeout)

    complaints: list[str] = []
    host = DarwinHost(run=run, tree=macs.files(tmp_path))
    recorder = one_window(host, {"boot_id": "the one before"}, complaints.append)
    assert complaints == []
    report = recorder.close()
    assert report is not None
    assert len({key.signal for key in report.series} | {key[0] for key in report.facts}) > 50


def test_a_mac_is_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    host = local()
    assert isinstance(host, DarwinHost)
    assert host.platform == "macos"
