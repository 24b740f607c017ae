"""Screens and docks are told for a month, so that nobody can tell where the machine is today."""

from __future__ import annotations

from typing import Any

from keuring.signals import catalogue
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.inventory import Screen
from keuring_agent.privacy import Gate
from keuring_agent.sensors import displays, docks
from keuring_agent.sensors.base import Readings


def test_which_screens_and_docks_are_there_today_is_not_told() -> None:
    host, notebook = FakeHost(), dict[str, Any]()
    sensors = (displays.Screens(notebook), docks.Docks(notebook))

    def told() -> set[tuple[str, Any]]:
        out = Readings(Gate())
        for sensor in sensors:
            sensor.read(host, out)
        assert out.unmeasured[catalogue.KEURING_DOCK_MODEL.id, ""] == ""
        return {(subject, value) for (_, subject), value in out.facts.items()}

    at_work = told()
    assert at_work == {("dock 1", "Example Dock"), ("screen 1", 1.5e9), ("screen 1", "Example 24")}
    host.advance(86400)
    host.answers |= {"docks": [], "screens": [Screen("DP-2", "At Home 27", None), Screen("DP-3", None, None)]}
    assert told() == at_work | {("screen 2", "At Home 27")}
    host.advance(29 * 86400)
    assert told() == {("screen 2", "At Home 27")}  # a month after they were last seen
    host.answers["screens"] = [Screen("DP-1", "Another", None)]
    assert told() == {("screen 1", "Another"), ("screen 2", "At Home 27")}
    notebook["screens"] = "{"
    assert told() == {("screen 1", "Another")}
