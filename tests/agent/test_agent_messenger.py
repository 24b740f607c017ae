"""The colleague's side of notices: each is shown once, at a decent hour, on whatever desktop there is."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_agent import desktop, notices, toast, working_hours
from keuring_agent.config import Settings, load
from keuring_agent.errors import ConfigError
from keuring_agent.language import Language
from keuring_agent.messenger import AT_ONCE, Messenger, own_directory
from keuring_agent.notices import Owed
from tests.agent.test_agent_notices import NEWS, NOW, TIP

if TYPE_CHECKING:
    from collections.abc import Sequence


class Screen:
    """A desktop that remembers."""

    def __init__(self) -> None:
        self.busy = False
        self.takes = True
        self.shown: list[tuple[str, str]] = []

    def is_busy(self) -> bool:
        return self.busy

    def show(self, title: str, body: str) -> bool:
        if self.takes:
            self.shown.append((title, body))
        return self.takes


class Session:
    """A colleague's session, with notices in ``directory``."""

    def __init__(self, directory: Path, hours: str = "mon-sun 00:00-24:00", say: str = "nl") -> None:
        self.screen = Screen()
        self.now = NOW
        self.messenger = Messenger(
            directory, directory / "own", self.screen, working_hours.parse(hours), Language(say), lambda: self.now
        )


def test_each_is_shown_once_also_after_the_session_began_anew(tmp_path: Path) -> None:
    notices.keep(tmp_path, [TIP, NEWS], Owed(), NOW)
    first = Session(tmp_path)
    assert first.messenger.look() == 2
    assert first.messenger.look() == 0
    assert first.screen.shown == [("Sneller", "Zo."), ("No Wi-Fi", "")]  # in English where there is no Dutch
    assert Session(tmp_path).messenger.look() == 0
    notices.keep(tmp_path, [TIP._replace(notice_id="tip-2")], Owed(), NOW)
    assert Session(tmp_path, say="en").messenger.look() == 1
    # What ended before it was shown is not shown any more; what was shown is not shown again.
    notices.keep(tmp_path, [TIP._replace(notice_id="tip-3")], Owed(), NOW, {"tip-2": "replaced", "tip-3": "withdrawn"})
    assert Session(tmp_path).messenger.look() == 0


def test_outside_of_working_hours_none_is_shown_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    try:
        notices.keep(tmp_path, [TIP], Owed(), NOW)
        session = Session(tmp_path, Settings(tmp_path).notice_hours)
        session.now = time.mktime((2023, 11, 18, 12, 0, 0, 0, 0, -1))  # a Saturday
        assert session.messenger.look() == 0
        session.now = time.mktime((2023, 11, 20, 7, 59, 0, 0, 0, -1))
        assert session.messenger.look() == 0
        session.now += 60
        assert session.messenger.look() == 1
    finally:
        monkeypatch.undo()
        time.tzset()


def test_who_does_not_want_to_be_disturbed_is_not(tmp_path: Path) -> None:
    notices.keep(tmp_path, [TIP], Owed(), NOW)
    session = Session(tmp_path)
    session.screen.busy = True
    assert session.messenger.look() == 0
    session.screen.busy = False
    assert session.messenger.look() == 1


def test_without_a_desktop_it_waits_for_one(tmp_path: Path) -> None:
    notices.keep(tmp_path, [TIP], Owed(), NOW)
    session = Session(tmp_path)
    session.screen.takes = False
    assert session.messenger.look() == 0
    session.screen.takes = True
    assert session.messenger.look() == 1


def test_a_flood_comes_some_at_a_time_and_what_was_declined_or_is_over_not_at_all(tmp_path: Path) -> None:
    flood = [TIP._replace(notice_id=f"tip-{number}") for number in range(5)]
    away = [TIP._replace(notice_id="gone", expires=NOW - 1), TIP._replace(notice_id="aside", declined=True)]
    notices.keep(tmp_path, [*away, *flood], Owed(), NOW - 2)
    session = Session(tmp_path)
    assert [session.messenger.look() for _ in range(3)] == [AT_ONCE, 2, 0]


class Ended(Exception):  # noqa: N818  # the session's end, not a fault
    pass


def test_it_watches_until_the_session_ends(tmp_path: Path) -> None:
    session = Session(tmp_path)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        notices.keep(tmp_path, [TIP], Owed(), NOW)
        if len(waits) == 2:
            raise Ended

    with pytest.raises(Ended):
        session.messenger.watch(wait)
    assert waits == [300.0, 300.0]
    assert len(session.screen.shown) == 1


def test_a_damaged_memory_of_what_was_shown_shows_it_again_at_most(tmp_path: Path) -> None:
    notices.keep(tmp_path, [TIP], Owed(), NOW)
    session = Session(tmp_path)
    session.messenger.look()
    (tmp_path / "own" / "notices-shown.json").write_text("{")
    assert [session.messenger.look() for _ in range(2)] == [1, 0]


def test_the_colleagues_own_directory() -> None:
    assert own_directory({"XDG_STATE_HOME": "/x"}) == Path("/x/keuring")
    assert own_directory({}) == Path.home() / ".local" / "state" / "keuring"


class Programs:
    """What a desktop's programs answer: {program: (status, output)}; the others are not installed."""

    def __init__(self, **answers: tuple[int | None, str]) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.calls: list[list[str]] = []

    def __call__(self, arguments: Sequence[str]) -> tuple[int | None, str]:
        self.calls.append(list(arguments))
        return self.answers.get(arguments[0], (None, ""))


def test_linux_hands_text_over_that_nobody_can_click() -> None:
    programs = Programs(notify_send=(0, ""))
    assert desktop.Freedesktop(programs).show("--help", '<a href="x">a</a> & b')
    assert programs.calls == [
        [
            "notify-send",
            "--app-name=Keuring",
            "--urgency=normal",
            "--",
            "--help",
            '&lt;a href="x"&gt;a&lt;/a&gt; &amp; b',
        ]
    ]


def test_linux_without_notify_send_calls_the_bus() -> None:
    programs = Programs(gdbus=(0, "(uint32 1,)"))
    assert desktop.Freedesktop(programs).show('It\'s "é"', "b\\")
    call = programs.calls[-1]
    assert call[:2] == ["gdbus", "call"]
    assert call[-9:] == ["--", '"Keuring"', "0", '""', '"It\'s \\"é\\""', '"b\\\\"', "[]", "{}", "-1"]
    assert not desktop.Freedesktop(Programs(gdbus=(1, ""))).show("a", "b")
    assert not desktop.Freedesktop(Programs()).show("a", "b")


@pytest.mark.parametrize(
    ("programs", "busy"),
    [
        (Programs(gdbus=(0, "(<true>,)\n")), True),
        (Programs(gdbus=(0, "(<false>,)\n"), gsettings=(0, "false\n")), True),
        (Programs(gdbus=(1, ""), gsettings=(0, "true\n")), False),
        (Programs(), False),
    ],
)
def test_linux_tells_when_nobody_wants_to_be_disturbed(programs: Programs, busy: bool) -> None:
    assert desktop.Freedesktop(programs).is_busy() is busy


def test_macos_takes_texts_as_arguments() -> None:
    programs = Programs(osascript=(0, ""))
    assert desktop.NotificationCenter(programs).show('" & do shell script "x', "b")
    (call,) = programs.calls
    assert call[-2:] == ['" & do shell script "x', "b"]
    assert "shell" not in " ".join(call[:-2])
    assert not desktop.NotificationCenter(programs).is_busy()


def test_a_desktops_program_has_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert desktop.run(["there-is-no-such-program"]) == (None, "")
    assert desktop.run(["echo", "a"]) == (0, "a\n")
    monkeypatch.setattr(desktop, "LIMIT", 0.05)
    assert desktop.run(["sleep", "30"]) == (None, "")


def test_windows_is_told_in_a_structure_of_its_size() -> None:
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(toast.Data) == 976  # NOTIFYICONDATAW of 64 bits
    told = toast.data("x" * 62 + "\U0001f600", "é" * 300, 7)
    title, body = (bytes(field).decode("utf-16-le").split("\0")[0] for field in (told.szInfoTitle, told.szInfo))
    assert title == "x" * 62  # not half a letter
    assert body == "é" * 255
    assert (told.hWnd, told.cbSize) == (7, ctypes.sizeof(toast.Data))


# --- hours


@pytest.mark.parametrize(
    "wrong", ["always", "mon 8-18", "fri-mon 08:00-18:00", "mon 18:00-08:00", "mon 08:00-25:00", "mon 08:60-09:00", ","]
)
def test_hours_that_are_none_are_refused_with_what_would_be_right(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"mon-fri 08:00-18:00"):
        working_hours.parse(wrong)
    file = tmp_path / "agent.toml"
    file.write_text(f'notice_hours = "{wrong}"\n')
    with pytest.raises(ConfigError, match=r"agent\.toml: setting 'notice_hours'"):
        load(file, environment={})


def test_several_spans_and_none() -> None:
    spans = working_hours.parse("mon-thu 08:00-12:00, fri 09:00-10:30")
    assert [(sorted(span.days), span.since, span.until) for span in spans] == [
        ([0, 1, 2, 3], 480, 720),
        ([4], 540, 630),
    ]
    assert working_hours.parse("") == ()
    assert not working_hours.within((), NOW)


def test_hours_follow_the_clock_on_the_wall_in_summer_and_winter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    try:
        spans = working_hours.parse("sun 08:00-09:00")
        for day in ((2026, 3, 29), (2026, 10, 25)):  # the clock changes that night
            for hour, within in ((7, False), (8, True), (9, False)):
                assert working_hours.within(spans, time.mktime((*day, hour, 30, 0, 0, 0, -1))) is within
    finally:
        monkeypatch.undo()
        time.tzset()
