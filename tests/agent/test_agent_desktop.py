"""Notices on a real desktop service: dunst, on a session bus and a screen of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.programs import find_program

if TYPE_CHECKING:
    from pathlib import Path

# Within a session of its own: a screen, the service, and then what the agent's side does there. Prints JSON.
SESSION = """
import json, os, subprocess, sys, time
from keuring_agent import desktop

reading, writing = os.pipe()
screen = subprocess.Popen(["Xvfb", "-displayfd", str(writing)], pass_fds=[writing], stderr=subprocess.DEVNULL)
os.environ["DISPLAY"] = ":" + os.read(reading, 16).decode().strip()
service = subprocess.Popen(["dunst"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    bus = ["gdbus", "wait", "--session", "--timeout", "30", "org.freedesktop.Notifications"]
    subprocess.run(bus, check=True)
    whole = desktop.Freedesktop()
    without = desktop.Freedesktop(lambda call: (None, "") if call[0] == "notify-send" else desktop.run(call))
    taken = [each.show(*json.loads(sys.argv[1])) for each in (whole, without)]
    busy = whole.is_busy()
    subprocess.run(["dunstctl", "close-all"], check=True)
    seen = []
    end = time.monotonic() + 20
    while len(seen) < 2 and time.monotonic() < end:
        history = subprocess.run(["dunstctl", "history"], capture_output=True, text=True, check=True).stdout
        told = json.loads(history)["data"][0]
        seen = [[item[name]["data"] for name in ("appname", "summary", "body")] for item in told]
    print(json.dumps({"taken": taken, "busy": busy, "seen": seen}))
finally:
    service.kill()
    screen.kill()
    service.wait()
    screen.wait()
"""
TITLE, BODY = '--help: It\'s "é" \\n', 'Look <a href="https://x">here</a> & there'


@pytest.mark.needs("dbus-run-session")
@pytest.mark.needs("dunst")
@pytest.mark.needs("Xvfb")
@pytest.mark.needs("notify-send")
@pytest.mark.needs("gdbus")
def test_a_real_desktop_shows_the_text_as_it_is_both_ways(tmp_path: Path) -> None:
    script = tmp_path / "session.py"
    script.write_text(SESSION, encoding="utf-8")
    session = find_program("dbus-run-session")
    assert session is not None
    found = subprocess.run(
        [session, "--", sys.executable, str(script), json.dumps([TITLE, BODY])],
        capture_output=True, text=True, timeout=90, check=False,
        env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told: dict[str, Any] = json.loads(found.stdout)
    shown = ["Keuring", TITLE, 'Look &lt;a href="https://x"&gt;here&lt;/a&gt; &amp; there']
    assert told["taken"] == [True, True]
    assert told["busy"] is False
    assert shown in told["seen"]
    assert all(item == shown for item in told["seen"])
