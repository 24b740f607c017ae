"""Who works at the desk: adding somebody, their role and departments, switching an account off and on, and a new
one-time password. The console's page and the command line both work through here.

``actor`` is who does it; None is the command line, whose reader has the collector's own files in hand. Each change is
one transaction together with its line in the audit.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Role, givable

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.utils.functional import _StrPromise

    from keuring_collector.fleet.models import Department

# Without letters that are taken for others when they are read aloud.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_NAME: Final = re.compile(r"[\w.@+-]{1,150}")
LONGEST_MAIL: Final = 254  # as the database keeps it


class StaffingError(Exception):
    """A change of who works at the desk that was not made; the message says why, ``field`` where (may be empty)."""

    def __init__(self, message: str | _StrPromise, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def one_time_password() -> str:
    """A password that can be read aloud: four groups of four, 79 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def may_manage(actor: Staff | None, person: Staff) -> bool:
    """Whether ``actor`` may change this account: never their own, and only those whose role they could give.

    Somebody limited to departments manages only those who see no more than they do.
    """
    if actor is None:
        return True
    if actor.pk == person.pk or person.role not in givable(actor.role):
        return False
    own, theirs = actor.department_ids, person.department_ids
    return own is None or (theirs is not None and theirs <= own)


def add(
    actor: Staff | None,
    name: str,
    role: str,
    *,
    full_name: str = "",
    mail: str = "",
    departments: Collection[Department] | None = None,
) -> tuple[Staff, str]:
    """A new account and its one-time password. ``departments`` None: they see all. Raises StaffingError."""
    name, mail = name.strip(), mail.strip()
    if not _NAME.fullmatch(name):
        raise StaffingError(
            _("A name has letters, digits and . - _ + @, and no spaces, as in noor or n.jansen."), "name"
        )
    if Staff.objects.filter(username__iexact=name).exists():
        raise StaffingError(_("Somebody signs in with this name already. Choose another."), "name")
    if mail:
        _check_mail(mail)
    chosen = _check_given(actor, role, departments)
    first, _space, last = full_name.strip()[:300].partition(" ")
    password = one_time_password()
    with transaction.atomic():
        person = Staff(username=name, first_name=first[:150], last_name=last[:150], email=mail, role=chosen)
        person.must_change_password = True
        person.limited = departments is not None
        person.set_password(password)
        person.save()
        person.departments.set(departments or ())
        audit.record_now(actor, "staff.added", _subject(person), _told(person))
    return person, password


def assign(actor: Staff | None, person: Staff, role: str, departments: Collection[Department] | None) -> Staff:
    """Gives somebody a role and the departments they see (None: all). Raises StaffingError."""
    chosen = _check_given(actor, role, departments)
    with transaction.atomic():
        held = _held(actor, person)
        before = _told(held)
        if held.role == Role.ADMINISTRATOR and (chosen != Role.ADMINISTRATOR):
            _keep_an_administrator(held)
        held.role, held.limited = chosen, departments is not None
        held.save(update_fields=["role", "limited"])
        held.departments.set(departments or ())
        held.__dict__.pop("department_ids", None)
        audit.record_now(actor, "staff.role", _subject(held), {"from": before, "to": _told(held)})
    return held


def switch(actor: Staff | None, person: Staff, *, active: bool) -> Staff:
    """Switches an account off (its sessions end, its tokens rest) or on again. Raises StaffingError."""
    with transaction.atomic():
        held = _held(actor, person)
        if not active and held.role == Role.ADMINISTRATOR:
            _keep_an_administrator(held)
        held.is_active = active
        held.save(update_fields=["is_active"])
        if not active:
            _end_sessions(held)
        audit.record_now(actor, "staff.on" if active else "staff.off", _subject(held), {})
    return held


def reset(actor: Staff | None, person: Staff, *, factors: bool = False) -> str:
    """A new one-time password; all sessions of theirs end. ``factors``: their second factor goes too, because the
    phone is lost. Raises StaffingError.
    """
    password = one_time_password()
    with transaction.atomic():
        held = _held(actor, person)
        held.set_password(password)  # with it, all sessions of theirs end
        held.must_change_password = True
        held.save(update_fields=["password", "must_change_password"])
        if factors:
            Authenticator.objects.filter(user=held).delete()
        audit.record_now(actor, "staff.reset", _subject(held), {"factors": True} if factors else {})
    return password


def _held(actor: Staff | None, person: Staff) -> Staff:
    held = Staff.objects.select_for_update().get(pk=person.pk)
    if actor is not None and actor.pk == held.pk:
        raise StaffingError(_("This is your own account. Ask another administrator or team lead to change it."))
    if not may_manage(actor, held):
        raise StaffingError(
            _("You cannot change this account: its role or its departments go beyond yours. Ask an administrator.")
        )
    return held


def _end_sessions(person: Staff) -> None:
    """They do not come back when the account is switched on again. A session does not name its owner in a column."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get(SESSION_KEY) == str(person.pk):
            session.delete()


def _check_given(actor: Staff | None, role: str, departments: Collection[Department] | None) -> Role:
    if role not in Role.values:
        raise StaffingError(_("Choose one of the roles."), "role")
    if actor is None:
        return Role(role)
    if role not in givable(actor.role):
        raise StaffingError(_("You cannot give this role. Ask an administrator."), "role")
    own = actor.department_ids
    if own is not None and (departments is None or not {each.pk for each in departments} <= own):
        raise StaffingError(_("You can give only departments that you see yourself."), "departments")
    return Role(role)


def _check_mail(mail: str) -> None:
    try:
        validate_email(mail)
        MaxLengthValidator(LONGEST_MAIL)(mail)
    except ValidationError:
        raise StaffingError(_("This is no mail address. Write it as in noor@example.org."), "mail") from None


def _keep_an_administrator(person: Staff) -> None:
    others = Staff.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=person.pk)
    if not others.exists():
        raise StaffingError(_("This is the only administrator. Make somebody else administrator first."), "role")


def _subject(person: Staff) -> str:
    return f"staff/{person.get_username()}"


def _told(person: Staff) -> dict[str, object]:
    names = sorted(person.departments.values_list("name", flat=True)) if person.limited else None
    return {"role": person.role, "departments": names}
