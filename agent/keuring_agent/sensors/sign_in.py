"""How long signing in took. Neither who nor when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_SIGN_IN_DURATION
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class SignIn(Sensor):
    """Told a few times a day, so that the time of a value says nothing of when somebody signed in."""

    name = "sign_in"
    signals = (KEURING_SIGN_IN_DURATION,)
    pace = Pace.SLOW
    interval = 14400.0

    def read(self, host: Host, out: Readings) -> None:
        duration = host.sign_in_duration()
        out.watched(KEURING_SIGN_IN_DURATION)
        out.gauge(KEURING_SIGN_IN_DURATION, duration)
