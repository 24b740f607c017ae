"""The service's tables, one file per subject."""

from keuring_collector.service.models.announcements import Announcement, AnnouncementVersion, Said, Told
from keuring_collector.service.models.it_report import ItComment, ItReport, PlannedChange
from keuring_collector.service.models.knowledge import (
    Article,
    ArticleHelp,
    ArticleLink,
    ArticlePicture,
    ArticleVersion,
    PackIndexed,
)
from keuring_collector.service.models.messages import MessageTemplate
from keuring_collector.service.models.promises import Promise
from keuring_collector.service.models.workplace import EntryLink, Objection

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleLink",
    "ArticlePicture",
    "ArticleVersion",
    "EntryLink",
    "ItComment",
    "ItReport",
    "MessageTemplate",
    "Objection",
    "PackIndexed",
    "PlannedChange",
]
__all__ += ["Announcement", "AnnouncementVersion", "Promise", "Said", "Told"]
