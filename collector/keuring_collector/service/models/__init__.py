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
from keuring_collector.service.models.mood import MoodCount, MoodLine, MoodLinkUsed
from keuring_collector.service.models.promises import Promise
from keuring_collector.service.models.skills import GrowthStep, Level, Skill, SkillNeed, StaffSkill
from keuring_collector.service.models.tips import TipChance, TipLook, TipOffer
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
from keuring_collector.service.models.workplace import EntryLink, Objection

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleLink",
    "ArticlePicture",
    "ArticleVersion",
    "CalendarKey",
    "Deed",
    "EntryLink",
    "GrowthStep",
    "ItComment",
    "ItReport",
    "Level",
    "MessageTemplate",
    "MoodCount",
    "MoodLine",
    "MoodLinkUsed",
    "Objection",
    "PackIndexed",
    "Place",
    "PlannedChange",
    "Round",
    "Seat",
    "Skill",
    "SkillNeed",
    "StaffSkill",
    "Stop",
    "StopItem",
    "TipChance",
    "TipLook",
    "TipOffer",
    "VisitException",
    "VisitingHour",
]
__all__ += ["Announcement", "AnnouncementVersion", "Promise", "Said", "Told"]
