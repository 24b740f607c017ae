"""`keuring-agent`, also as `python -m keuring_agent`."""

from __future__ import annotations

import sys

from keuring_agent import resident, sending


def main() -> int:
    """The resident agent; the short child of one that is frozen, and so has no ``python -m``; or the command line."""
    if sys.argv[1:2] == [sending.CHILD]:
        return sending.main(sys.argv[2:])
    flags = resident.plain(sys.argv[1:])
    if flags is not None:
        return resident.main(flags)
    from keuring_agent import cli  # with argparse, which the resident agent does without

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
