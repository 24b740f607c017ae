"""The service's tables, one file per subject."""

from keuring_collector.service.models.knowledge import Article, ArticleHelp, ArticleLink, ArticleVersion, PackIndexed
from keuring_collector.service.models.mood import MoodCount, MoodLine, MoodLinkUsed
from keuring_collector.service.models.visits import (
    CalendarKey,
    Deed,
    Place,
    Round,
    Seat,
    Stop,
    StopItem,
    VisitException,
    VisitingHour,
)

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleLink",
    "ArticleVersion",
    "CalendarKey",
    "Deed",
    "MoodCount",
    "MoodLine",
    "MoodLinkUsed",
    "PackIndexed",
    "Place",
    "Round",
    "Seat",
    "Stop",
    "StopItem",
    "VisitException",
    "VisitingHour",
]  # fmt: skip
