"""The ingest process: reports, renewals and enrolment, and the one thread that writes."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog

from keuring_collector import addresses, supervisor
from keuring_collector.commands import workspace
from keuring_collector.fleet.identity import Identities, Refused
from keuring_collector.ingest.notices import Mailbox
from keuring_collector.ingest.policy import policy
from keuring_collector.ingest.reports import PolicyService, ReportService
from keuring_collector.ingest.server import IngestServers
from keuring_collector.ingest.thread import WriterThread
from keuring_collector.ingest.writer import WritePath
from keuring_collector.processes.packs import PackWatch
from keuring_collector.rulepack.calendar import calendar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keuring_collector.config import Settings

log = structlog.get_logger(__name__)


def _on_reload(steps: Sequence[Callable[[], None]]) -> None:
    """Takes ``steps`` in the running loop when SIGHUP comes; Windows has none."""

    def reload() -> None:
        for step in steps:
            step()

    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)


def run(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT. Raises KeuringError, RulePackError or StorageError when it cannot start."""
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    authority = workspace.authority(settings)
    packs = PackWatch(settings.rules_directory, calendar(settings.time_zone, settings.business_hours))
    writer = WriterThread(WritePath(settings.database_url, packs.first(), settings.freshness), packs.changed)
    identities = Identities()
    agents = policy(settings)
    mailbox = Mailbox(settings.database_url)
    servers = IngestServers(
        settings,
        authority,
        identities,
        ReportService(writer, identities, Refused, lambda: agents, mailbox=mailbox),
        PolicyService(identities, Refused, lambda: agents),
    )
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    _on_reload((packs.again, writer.look_for_rules))
    writer.start()
    try:
        await servers.start()
        where = {"reports": servers.report_address, "enrolment": servers.enrolment_address}
        addresses.write(settings.data_directory, "ingest", where)
        supervisor.announce("ingest", **where)
        await ending.wait()
    finally:
        # Streams first, so that what they brought is still written; then the thread, which keeps the state.
        await servers.stop()
        await mailbox.close()
        await writer.stop()
        identities.close()
        addresses.forget(settings.data_directory, "ingest")
    return 0
