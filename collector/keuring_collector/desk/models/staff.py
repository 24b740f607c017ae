"""Who works at the service desk."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Staff(AbstractUser):
    """Somebody who works at the service desk and signs in to the console."""

    language = models.CharField(_("language"), max_length=2, blank=True)
    must_change_password = models.BooleanField(default=False)
