"""What the desk's people can do, what the work asks of them, and what somebody means to learn."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff

LONGEST_NAME = 60
LONGEST_TEXT = 300
SLUG_LENGTH = 40


class Level(models.IntegerChoices):
    """How far somebody is with a skill; in steps that a person can say of themselves."""

    LEARNING = 1, _("learning it")
    ALONE = 2, _("can do it alone")
    TEACHES = 3, _("can teach it")


class Skill(models.Model):
    """A skill that the desk added, or that it words otherwise than the shipped one of the same slug.

    A name or text that is empty in one language is shown in the other.
    """

    class Kind(models.TextChoices):
        """What it is about."""

        TECHNICAL = "technical", _("technical")
        COMMUNICATIVE = "communicative", _("communicative")

    slug = models.SlugField(max_length=SLUG_LENGTH, primary_key=True)
    kind = models.CharField(max_length=13, choices=Kind.choices)
    name_nl = models.CharField(max_length=LONGEST_NAME, blank=True)
    name_en = models.CharField(max_length=LONGEST_NAME, blank=True)
    about_nl = models.CharField(max_length=LONGEST_TEXT, blank=True)
    about_en = models.CharField(max_length=LONGEST_TEXT, blank=True)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SkillNeed(models.Model):
    """What a cause or a visit asks for beside the skills of its rules, as the desk decided; ``skills`` are slugs.

    A row stands before what is shipped for the same; an empty list says that nothing more is needed.
    """

    class Kind(models.TextChoices):
        """What asks for it."""

        CAUSE = "cause", _("cause")
        VISIT = "visit", _("visit")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    value = models.CharField(max_length=60)
    skills = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="one_need_each")]


class StaffSkill(models.Model):
    """What somebody says they can do. It is confirmed while ``confirmed_level`` is the level that they say."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="skills")
    skill = models.CharField(max_length=SLUG_LENGTH)
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    said_at = models.DateTimeField()
    confirmed_level = models.PositiveSmallIntegerField(null=True, blank=True)
    confirmed_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["skill"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["staff", "skill"], name="one_level_per_skill")]
        indexes: ClassVar = [models.Index(fields=["skill", "level"], name="staffskill_skill")]

    @property
    def is_confirmed(self) -> bool:
        """Whether a team lead agreed with what they say now."""
        return self.confirmed_level == self.level


class GrowthStep(models.Model):
    """One step of somebody's growth plan. Only they and their team lead ever read it (service.skills.growth)."""

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", _("going on")
        DONE = "done", _("reached")
        DROPPED = "dropped", _("let go")

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="growth")
    skill = models.CharField(max_length=SLUG_LENGTH)
    goal = models.PositiveSmallIntegerField(choices=Level.choices)
    how = models.CharField(max_length=LONGEST_TEXT, blank=True)
    until = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    made_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["until", "pk"]
