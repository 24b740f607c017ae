"""`keuring-agent`, also as `python -m keuring_agent`."""

from __future__ import annotations

import sys

from keuring_agent import cli, sending


def main() -> int:
    """The command line, or the short child of an agent that is frozen, and so has no ``python -m``."""
    if sys.argv[1:2] == [sending.CHILD]:
        return sending.main(sys.argv[2:])
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
