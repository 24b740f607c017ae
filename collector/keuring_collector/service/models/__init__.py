"""The service's tables, one file per subject."""

from keuring_collector.service.models.announcements import Announcement, AnnouncementVersion, Said, Told
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

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleLink",
    "ArticlePicture",
    "ArticleVersion",
    "MessageTemplate",
    "PackIndexed",
]
__all__ += ["Announcement", "AnnouncementVersion", "Promise", "Said", "Told"]
