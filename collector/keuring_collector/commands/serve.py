"""keuring-collector serve: the collector itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from keuring_collector.config import Settings

NAME: Final = "serve"
HELP: Final = (
    "Runs the collector until it is stopped: ingest (reports and enrolment), the console, and the jobs with /metrics. "
    "Each says on stdout where it listens once it is ready."
)
PROCESSES: Final = ("ingest", "console", "jobs")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "--only", choices=PROCESSES, help="run one of the processes, for instance each under its own systemd unit"
    )


def run(arguments: argparse.Namespace) -> int:
    """Supervises all processes, or is one of them."""
    from keuring_collector import logs, supervisor
    from keuring_collector.commands import workspace

    in_force = workspace.initialised()
    logs.configure(in_force.log_level)
    if arguments.only is None:
        # Django stays out of the supervisor; the first process looks whether the database fits.
        return supervisor.Supervisor(in_force.data_directory, PROCESSES).run()
    # Before anything imports prometheus-client: it looks once whether processes share their counters.
    supervisor.share_metrics(in_force.data_directory)
    supervisor.end_with_parent()
    if not (arguments.only == "console" and supervisor.is_supervised()):
        workspace.open_collector()
    return _process(arguments.only)(in_force)


def _process(name: str) -> Callable[[Settings], int]:
    if name == "ingest":
        from keuring_collector.processes import ingest

        return ingest.run
    if name == "console":
        from keuring_collector.processes import console

        return console.run
    from keuring_collector.processes import jobs

    return jobs.run
