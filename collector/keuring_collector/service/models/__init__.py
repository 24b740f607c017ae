"""The service's tables, one file per subject."""

from keuring_collector.service.models.knowledge import (
    Article,
    ArticleHelp,
    ArticleLink,
    ArticlePicture,
    ArticleVersion,
    PackIndexed,
)
from keuring_collector.service.models.messages import MessageTemplate
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
    "ArticlePicture",
    "ArticleVersion",
    "CalendarKey",
    "Deed",
    "MessageTemplate",
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
]
