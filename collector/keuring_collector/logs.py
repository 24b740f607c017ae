"""Logs: one JSON object a line on stderr, or something for the eye when that is a terminal.

What agents send may end up in a log. In JSON no text can forge a line; characters that would forge one on a terminal,
or turn the reading direction, are written as \\uXXXX in both forms.
"""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import TYPE_CHECKING, Any

import structlog

from keuring_collector.fleet.text import escaped

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger


def _neutralise(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Makes every text in an entry harmless; the traceback, which is ours and has lines, is left alone."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = escaped(value)
        elif isinstance(value, (list, tuple, dict)):
            event[key] = escaped(repr(value))
    return event


def processors() -> list[Processor]:
    """What every entry goes through before it is written."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _neutralise,
    ]


def configure(level: str = "info", *, terminal: bool | None = None) -> None:
    """Sends our own entries, and those of Django, grpc and granian, to stderr.

    ``terminal`` chooses the form for the eye; by default it is chosen when stderr is a terminal.
    """
    terminal = sys.stderr.isatty() if terminal is None else terminal
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=0) if terminal else structlog.processors.JSONRenderer(default=str)
    )
    shared = processors()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(dictionary(level, renderer, shared))


def dictionary(level: str, renderer: Processor, shared: list[Processor]) -> dict[str, Any]:
    """The configuration of the standard library's logging."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "keuring": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *shared],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "keuring"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # At "info" Django and asyncio say nothing that an operator can use.
            "django": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
        },
    }


def to_root(*names: str) -> dict[str, Any]:
    """A configuration for libraries that insist on one of their own: what they log goes where all else goes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "incremental": False,
        "loggers": {name: {"handlers": [], "propagate": True} for name in names},
    }
