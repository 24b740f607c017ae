"""`keuring-agent`, also as `python -m keuring_agent`."""

from __future__ import annotations

import sys

from keuring_agent.cli import main

if __name__ == "__main__":
    sys.exit(main())
