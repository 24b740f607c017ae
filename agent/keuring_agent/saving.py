"""On a battery that is nearly empty the agent measures less: all its paces are stretched until there is power again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.waiting import Overdue, bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.host.protocol import Host

_ABOVE: Final = 0.05  # share by which the charge must have risen again: at the edge nothing goes to and fro
_EVERY: Final = 300.0  # seconds between two looks at the battery


class Saving:
    """Whether to measure less. ``threshold`` is a share of the charge, ``stretch`` the factor for all intervals."""

    def __init__(
        self, host: Host, threshold: float, stretch: float, timeout: float, log: Callable[[str], None]
    ) -> None:
        self._host = host
        self._threshold = threshold
        self._stretch = stretch
        self._timeout = timeout
        self._log = log
        self._looked = float("-inf")
        self.is_on = False

    @property
    def factor(self) -> float:
        """By how much to stretch all intervals."""
        return self._stretch if self.is_on else 1.0

    def look(self) -> bool:
        """Looks at the battery, now and then; returns whether anything changed."""
        now = self._host.monotonic()
        if not self._threshold or now < self._looked + _EVERY:
            return False
        self._looked = now
        before, self.is_on = self.is_on, self._is_low()
        if self.is_on and not before:
            self._log(f"the battery is below {self._threshold:.0%}; measuring {self._stretch:g} times less often")
        elif before and not self.is_on:
            self._log("there is power again; measuring as often as before")
        return self.is_on is not before

    def _is_low(self) -> bool:
        try:
            with bounded(self._timeout):
                batteries = self._host.batteries()
        except (Exception, Overdue):  # noqa: BLE001  # the sensor says what is wrong with it; here nothing may stop
            return False
        charges = [battery.charge for battery in batteries if battery.charge is not None]
        if not charges or not any(battery.discharging for battery in batteries):
            return False
        return max(charges) < self._threshold + (_ABOVE if self.is_on else 0.0)
