"""The service's tables, one file per subject."""

from keuring_collector.service.models.knowledge import Article, ArticleHelp, ArticleLink, ArticleVersion, PackIndexed
from keuring_collector.service.models.skills import GrowthStep, Level, Skill, SkillNeed, StaffSkill
from keuring_collector.service.models.tips import TipChance, TipLook, TipOffer

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleLink",
    "ArticleVersion",
    "GrowthStep",
    "Level",
    "PackIndexed",
    "Skill",
    "SkillNeed",
    "StaffSkill",
    "TipChance",
    "TipLook",
    "TipOffer",
]
