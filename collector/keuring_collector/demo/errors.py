"""What can go wrong with the demo."""

from __future__ import annotations

from keuring_collector.errors import KeuringError


class DemoError(KeuringError):
    """The demo cannot be built or started; the message says why and how to mend it."""
