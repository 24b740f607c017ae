"""Takes a mood in, from a visit, a ticket or a link. Department and month are all that is kept with it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.fleet.models import Department
from keuring_collector.service import stripping
from keuring_collector.service.models import MoodCount, MoodLine, MoodLinkUsed

if TYPE_CHECKING:
    from datetime import date, datetime

VALUES: Final = (1, 2, 3, 4, 5)
LONGEST_LINE: Final = 200
LINK_DAYS: Final = 30
_SALT: Final = "keuring.mood"


class LinkError(Exception):
    """The link is none of ours, or too old."""


def month_of(moment: datetime) -> date:
    """The first day of the month on the desk's calendar."""
    return timezone.localtime(moment).date().replace(day=1)


def keep(department: Department, value: int, line: str, source: MoodCount.Source, now: datetime) -> None:
    """Counts one answer. Names, numbers and machines are taken out of ``line`` before it is kept.

    Raises NotUnderstood for a value outside one to five, or a line that is too long.
    """
    if value not in VALUES:
        raise NotUnderstood("mood", _("Choose one of the five moods."))
    line = " ".join(line.split())
    if len(line) > LONGEST_LINE:
        raise NotUnderstood("mood_line", _("That is longer than fits (200 characters). Shorten it a little."))
    month = month_of(now)
    with transaction.atomic():
        row, _made = MoodCount.objects.get_or_create(department=department, month=month, source=source, value=value)
        MoodCount.objects.filter(pk=row.pk).update(count=F("count") + 1)
        if line:
            text = stripping.clean(line)[:LONGEST_LINE]
            MoodLine.objects.create(department=department, month=month, text=text)


def token(department: Department) -> str:
    """What stands in a link of a mail: signed, good for one answer within thirty days, and of nobody."""
    return signing.dumps([department.pk, secrets.token_hex(8)], salt=_SALT, compress=False)


def department_of(text: str) -> Department:
    """For which department a link asks. Raises LinkError."""
    try:
        pk, _once = signing.loads(text, salt=_SALT, max_age=LINK_DAYS * 86400)
        return Department.objects.get(pk=pk)
    except (signing.BadSignature, ValueError, TypeError, Department.DoesNotExist) as error:
        raise LinkError from error


def is_used(text: str) -> bool:
    """Whether a link was answered already."""
    return MoodLinkUsed.objects.filter(pk=_hash(text)).exists()


def answer(text: str, value: int, line: str, now: datetime) -> None:
    """Takes the answer of a link. Raises LinkError, NotUnderstood, or NotPossible when it was answered before."""
    department = department_of(text)
    try:
        with transaction.atomic():
            forget_on = timezone.localtime(now).date() + timedelta(days=LINK_DAYS + 1)
            MoodLinkUsed.objects.create(pk=_hash(text), forget_on=forget_on)
            keep(department, value, line, MoodCount.Source.LINK, now)
    except IntegrityError:
        raise NotPossible(_("This link was answered already; each one counts once.")) from None


def answer_once(person: str, department: Department, value: int, line: str, now: datetime) -> None:
    """Takes what a colleague says on their own page, once a month: else one alone could make a group of five.

    What is kept of ``person`` is a keyed hash without the answer, until the month after next. Raises NotUnderstood, or
    NotPossible when they answered this month.
    """
    try:
        with transaction.atomic():
            forget_on = month_of(now) + timedelta(days=62)
            MoodLinkUsed.objects.create(pk=_month_key(person, now), forget_on=forget_on)
            keep(department, value, line, MoodCount.Source.PAGE, now)
    except IntegrityError:
        raise NotPossible(_("You answered this month already; next month we ask again.")) from None


def has_answered(person: str, now: datetime) -> bool:
    """Whether somebody answered on their own page this month."""
    return MoodLinkUsed.objects.filter(pk=_month_key(person, now)).exists()


def _month_key(person: str, now: datetime) -> str:
    return salted_hmac(_SALT, f"{person} {month_of(now)}", algorithm="sha256").hexdigest()


def forget(today: date) -> None:
    """Lets go of links that would be too old to answer anyway."""
    MoodLinkUsed.objects.filter(forget_on__lt=today).delete()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
