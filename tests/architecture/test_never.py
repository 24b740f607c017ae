"""The promises to the works council (PRODUCT, "Never"), one by one: each with a test that could fail.

What shows a promise elsewhere in more depth is named beside it; a test here sees to it that those stay there.
"""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from keuring.signals.catalogue import BY_ID, SIGNALS
from keuring.signals.model import Privacy
from tests.architecture.sources import imports, strings
from tests.collector.console_fixtures import CPU, MEAN, MODEL, USED, words
from tests.contract.test_contract_catalogue import FORBIDDEN, HARMLESS, SUBJECTS
from tests.repository import ROOT, modules, named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.collector.console_fixtures import Site

# {promise: tests that show it elsewhere}
ELSEWHERE: Final = {
    "no contents, no presence": (
        "tests/contract/test_contract_catalogue.py::test_names_are_those_of_opentelemetry_or_ours",
        "tests/contract/test_contract_catalogue.py::test_what_could_tell_when_somebody_works_is_called_presence",
        "tests/contract/test_contract_protos.py::test_no_field_could_carry_a_command_or_a_person",
    ),
    "no remote command": (
        "tests/contract/test_contract_protos.py::test_every_call_is_known",
        "tests/contract/test_contract_protos.py::test_all_that_an_agent_can_be_told_is_known",
    ),
    "nothing under five": (
        "tests/collector/test_it_report.py::test_a_group_of_fewer_than_five_is_never_told_apart",
        "tests/collector/test_console_signal.py::test_a_signal_stands_beside_five_or_more_machines_of_its_model",
    ),
    "nothing finer than a day": (
        "tests/collector/test_api.py::test_machines_and_their_signals",
    ),
}  # fmt: skip
ENOUGH: Final = 5


def below(*folders: str) -> list[Path]:
    return [path for path in modules() if named(path).startswith(tuple(f"{folder}/" for folder in folders))]


def test_what_is_named_as_shown_elsewhere_is_there() -> None:
    for promise, tests in ELSEWHERE.items():
        for test in tests:
            path, _colons, name = test.partition("::")
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{promise}: {test}"


# "No screen contents, keystrokes, window titles, URLs, documents, command lines, idle or presence tracking."

# What a signal may say of itself: beside its name (test_contract_catalogue), also not in its meaning or its attributes.
CONTENTS: Final = re.compile(
    r"\b(screen ?shots?|screen contents?|key ?strokes?|key ?press(es)?|window titles?|web ?sites?|URLs?|"
    r"file names?|names? of (a )?(files?|documents?)|contents? of (a )?(files?|documents?|mails?)|command lines?|"
    r"arguments?|idle (time|since)|last input|mouse|clipboard|location of (a )?(person|colleague))\b",
    re.IGNORECASE,
)
# How a program would get at them: nothing of the agent names these.
PEEKING: Final = re.compile(
    r"GetLastInputInfo|GetForegroundWindow|GetWindowText|SetWindowsHookEx|GetAsyncKeyState|CGEventTap|CGWindowList|"
    r"CGEventSourceSecondsSinceLastEventType|AXUIElement|XScreenSaver|xprintidle|IdleHint|/dev/input|pynput|"
    r"places\.sqlite|History\.db|\.bash_history|screencapture|ImageGrab|/proc/[^/]*/cmdline"
)


def test_no_signal_tells_of_contents_or_of_somebody_being_there() -> None:
    for signal in SIGNALS:
        assert signal.name in HARMLESS or not FORBIDDEN.search(signal.name), signal.name
        assert signal.subject in SUBJECTS, signal.name  # there is no subject such as a window, a file or a person
        for text in (signal.brief, *signal.attributes):
            assert not CONTENTS.search(text), f"{signal.name}: {text}"
    for wrong in ("Title of the window titles", "Idle time of the session", "Command line of a process"):
        assert CONTENTS.search(wrong), wrong


def test_the_agent_has_no_way_to_look_at_them() -> None:
    looked = below("agent/keuring_agent")
    assert len(looked) > 60
    for path in looked:
        found = PEEKING.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{named(path)}: {found[0]}"


# "No remote command channel."

# What of the agent reads the collector's answers.
LISTENING: Final = ("uplink", "policy", "notices", "enrol", "recovery", "wire")
RUNNING: Final = {"subprocess", "importlib", "runpy", "ctypes", "multiprocessing", "code", "pty", "pickle", "marshal"}
CALLS: Final = {"exec", "eval", "compile", "__import__", "system", "popen", "execv", "execve", "spawnv", "startfile"}


def test_what_hears_the_collector_can_run_nothing() -> None:
    for name in LISTENING:
        path = ROOT / "agent" / "keuring_agent" / f"{name}.py"
        assert imports(path, standard=True) & RUNNING == set(), name
        assert {call for call in called(path) if call in CALLS} == set(), name
    assert {"exec", "run"} <= set(called_in("exec(text); subprocess.run(text)"))


def called(path: Path) -> Iterator[str]:
    return called_in(path.read_text(encoding="utf-8"))


def called_in(source: str) -> Iterator[str]:
    """The names of all that is called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                yield function.id
            elif isinstance(function, ast.Attribute) and not (
                isinstance(function.value, ast.Name) and function.value.id == "re"
            ):
                yield function.attr


# "Statements about people are not shown for groups under five."


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_group_of_four_is_told_by_no_page_no_file_and_no_program(site: Site) -> None:
    """Four of one model, all of them ill, beside many of another: every page that puts machines together is asked."""
    from keuring_collector.desk import api_tokens

    usual = [site.machine(f"LT-{number:04}") for number in range(12)]
    rare = [site.machine(f"ZZ-{number:04}") for number in range(ENOUGH - 1)]
    for machine in (*usual, *rare):
        site.fact(machine, MODEL, "Notitie 14" if machine in usual else "Zeldzaam 1")
        site.fact(machine, 541, "7.2" if machine in usual else "6.6", "Schrijver")
    for machine in (*usual[:6], *rare):
        site.ticket(machine)
    noor = site.staff()
    browser, report = site.client(noor), site.it_report().number
    assert "Notitie 14" in words(browser.get("/models/"))
    together = {  # pages and files that tell of groups, and never of single machines
        "/models/": browser.get("/models/"),
        "/it-reports/": browser.get("/it-reports/"),
        f"/it-reports/{report}/": browser.get(f"/it-reports/{report}/"),
    }
    _token, secret = api_tokens.make(noor, "a program", ["read"], 30, site.now)
    program = site.client()
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    together["/api/it-reports"] = program.get(f"/api/it-reports/{report}")
    for place, response in together.items():
        assert response.status_code == 200, place
        told = words(response)
        assert "Zeldzaam" not in told, place
        assert "Schrijver 6.6" not in told, place
    assert "Too few to compare" in words(browser.get("/models/one/?name=Zeldzaam+1"))
    version = words(browser.get("/software/one/?name=Schrijver"))
    assert re.search(r"6\.6 < 5\b", version), version


# "Nothing that would tell when somebody works is shown finer than a day without a reason that is logged."


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_an_hour_is_shown_with_an_open_ticket_only_and_each_look_is_written_down(site: Site, contexts: None) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    assert BY_ID[CPU].privacy is Privacy.PRESENCE
    machine = site.machine()
    quarter = [0.5, 0.625] * 40
    site.measure(machine, USED, quarter, subject="C:", step=900.0)
    site.measure(machine, CPU, quarter, statistic=MEAN, step=900.0)
    browser, base = site.client(site.staff()), f"/machines/{machine.uuid}/"
    today = site.today
    day = f"from={today - timedelta(days=1)}&to={today}"
    finest = {
        "signal": f"{base}signals/system.filesystem.utilization/?subject=C:&{day}",
        "presence": f"{base}signals/system.cpu.utilization/?{day}",
    }

    def looks() -> int:
        audit.flush()
        return AuditEntry.objects.filter(action="windows.viewed").count()

    def is_by_day(name: str) -> bool:
        by_day: bool = browser.get(finest[name]).context["by_day"]
        return by_day

    assert is_by_day("signal")
    assert is_by_day("presence")
    assert browser.get(f"{base}?days=1").context["chosen"].closer is False
    assert looks() == 0
    site.ticket(machine)
    assert not is_by_day("signal")
    assert looks() == 1
    assert is_by_day("presence")  # never, whatever the reason
    assert looks() == 1
    assert browser.get(f"{base}?days=1").context["chosen"].closer is True
    assert looks() == 2


# "No … ranking of people."

PEOPLE: Final = re.compile(r"\b(colleague|owner|actor|author|staff|person|made_by|issued_by)(_id|__\w+)?\b")
# {module: why it may count by people}; somebody who adds a line here has thought of this promise.
COUNTS_BY_PEOPLE: Final[dict[str, str]] = {
    "collector/keuring_collector/service/skills/workload.py": (
        "what each has on hand, so that nobody is given too much; in words and by name, to oneself and one's team lead"
    ),
}


def test_nothing_counts_or_orders_by_people() -> None:
    """A ranking begins with a count for each person; where figures leave for others, no label names one."""
    looked = below("collector/keuring_collector")
    found = {f"{named(path)}:{line}" for path in looked for line in groups_by_people(path.read_text(encoding="utf-8"))}
    assert {place for place in found if place.partition(":")[0] not in COUNTS_BY_PEOPLE} == set()
    assert list(groups_by_people('x.values("colleague").annotate(n=Count("tickets"))'))
    assert list(groups_by_people('Counter(x.values_list("owner_id", flat=True))'))
    assert not list(groups_by_people('x.values("department").annotate(n=Count("id"))'))
    for path in below("collector/keuring_collector/exporter"):
        for line, text in strings(path):
            assert not re.fullmatch(r"(colleague|owner|machine|host|host_name|mail|staff)", text), (
                f"{named(path)}:{line}"
            )


def groups_by_people(source: str) -> Iterator[int]:
    """The lines that put rows together by a person, and count them."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node)
        counted = isinstance(node.func, ast.Attribute) and node.func.attr == "annotate"
        counted = counted or (isinstance(node.func, ast.Name) and node.func.id == "Counter")
        for each in re.findall(r"\.values(?:_list)?\(([^)]*)\)", text) if counted else ():
            if PEOPLE.search(each):
                yield node.lineno
