"""How many examples Hypothesis draws here: enough to find a slip, few enough for a loaded machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
