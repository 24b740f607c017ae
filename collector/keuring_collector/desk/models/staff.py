"""Who works at the service desk, as what, and for which departments."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.roles import RIGHTS, Right, Role
from keuring_collector.fleet.models import Department
from keuring_collector.fleet.rows import FromRow


class Staff(AbstractUser, FromRow):
    """Somebody who works at the service desk and signs in to the console.

    ``limited``: they see only what belongs to ``departments``, and nothing when there are none. It is a field of its
    own, so that a department that is deleted never opens all others.
    """

    language = models.CharField(_("language"), max_length=2, blank=True)
    must_change_password = models.BooleanField(default=False)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.VIEWER)
    limited = models.BooleanField(default=False)
    departments = models.ManyToManyField(Department, blank=True)

    def may(self, right: Right) -> bool:
        """Whether their role gives them a right. A role that this version does not know gives none."""
        return self.is_active and self.role in RIGHTS and right in RIGHTS[Role(self.role)]

    @cached_property
    def unseen_notices(self) -> int:
        """How many notices they did not see yet."""
        return self.notices.filter(seen_at=None).count()

    @cached_property
    def department_ids(self) -> frozenset[int] | None:
        """The departments that they are limited to; None: they see all."""
        return frozenset(self.departments.values_list("pk", flat=True)) if self.limited else None

    @property
    def shown_name(self) -> str:
        """How others at the desk know them."""
        return self.get_full_name() or self.get_username()
