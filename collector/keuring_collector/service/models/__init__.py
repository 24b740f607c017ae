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
from keuring_collector.service.models.skills import GrowthStep, Level, Skill, SkillNeed, StaffSkill
from keuring_collector.service.models.tips import TipChance, TipLook, TipOffer

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleLink",
    "ArticlePicture",
    "ArticleVersion",
    "GrowthStep",
    "Level",
    "MessageTemplate",
    "PackIndexed",
    "Skill",
    "SkillNeed",
    "StaffSkill",
    "TipChance",
    "TipLook",
    "TipOffer",
]
__all__ += ["Announcement", "AnnouncementVersion", "Promise", "Said", "Told"]
