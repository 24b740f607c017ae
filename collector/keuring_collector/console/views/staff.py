"""Who works at the desk: the list, and one person with their role, departments and account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import scope, staffing
from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import RIGHTS, Right, Role, givable
from keuring_collector.fleet.models import Department

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the list."""

    person: Staff
    departments: list[str] | None  # None: all
    has_factor: bool
    managed: bool  # by whoever looks at the list


def _rows(viewer: Staff) -> list[Row]:
    people = Staff.objects.order_by("-is_active", "first_name", "username").prefetch_related("departments")
    guarded = set(Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("user_id", flat=True))
    return [
        Row(
            person,
            sorted(each.name for each in person.departments.all()) if person.limited else None,
            person.pk in guarded,
            staffing.may_manage(viewer, person),
        )
        for person in people
    ]


def _roles(viewer: Staff) -> list[tuple[str, str]]:
    allowed = givable(viewer.role)
    return [(role.value, str(role.label)) for role in Role if role in allowed]


def _table() -> list[tuple[str, list[str]]]:
    """What each role may do, beside looking."""
    plain = {Right.OWN_ACCOUNT, Right.LOOK}
    return [(str(role.label), [str(right.label) for right in Right if right in RIGHTS[role] - plain]) for role in Role]


@requires(Right.STAFF)
@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """Everybody at the desk."""
    return _list(request)


def _list(request: HttpRequest, attempt: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    viewer = staff_of(request)
    context = {
        "rows": _rows(viewer),
        "roles": _roles(viewer),
        "table": _table(),
        "departments": scope.departments(viewer),
        "must_limit": viewer.limited,
        "attempt": attempt or {"role": Role.DESK.value, "departments": []},
    }
    return render(request, "console/staff.html", context, status=status)


def _chosen(request: HttpRequest) -> list[Department] | None:
    """The departments of a form; None when it says all."""
    if request.POST.get("sees") == "all":
        return None
    picked = [pk for text in request.POST.getlist("department") if (pk := number(text)) is not None]
    return list(Department.objects.filter(pk__in=picked))


@requires(Right.STAFF)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Adds somebody, and shows their one-time password."""
    form = request.POST
    departments = _chosen(request)
    try:
        person, password = staffing.add(
            staff_of(request),
            form.get("name", ""),
            form.get("role", ""),
            full_name=form.get("full_name", ""),
            mail=form.get("mail", ""),
            departments=departments,
        )
    except staffing.StaffingError as error:
        attempt = {name: form.get(name, "") for name in ("name", "full_name", "mail", "role", "sees")}
        picked = [each.pk for each in departments or ()]
        return _list(request, {**attempt, "departments": picked, "field": error.field, "message": error.message}, 422)
    return _person(request, person, password=password)


def _found(pk: int) -> Staff:
    person = Staff.objects.filter(pk=pk).first()
    if person is None:
        raise Http404(_("There is nobody of that number at the desk."))
    return person


def _person(
    request: HttpRequest, person: Staff, *, password: str = "", error: staffing.StaffingError | None = None
) -> HttpResponse:
    viewer = staff_of(request)
    context = {
        "person": person,
        "managed": staffing.may_manage(viewer, person),
        "is_self": viewer.pk == person.pk,
        "roles": _roles(viewer),
        "table": _table(),
        "departments": scope.departments(viewer),
        "must_limit": viewer.limited,
        "seen": set(person.departments.values_list("pk", flat=True)),
        "has_factor": Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists(),
        "has_password": person.has_usable_password(),
        "password": password,
        "error": error,
    }
    return render(request, "console/person.html", context, status=422 if error else 200)


@requires(Right.STAFF)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person."""
    return _person(request, _found(pk))


@requires(Right.STAFF)
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives somebody a role and departments."""
    someone = _found(pk)
    try:
        staffing.assign(staff_of(request), someone, request.POST.get("role", ""), _chosen(request))
    except staffing.StaffingError as error:
        return _person(request, someone, error=error)
    messages.success(request, _("Changed; it is in force at once."))
    return redirect("person", pk=pk)


@requires(Right.STAFF)
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switches an account off or on."""
    someone, active = _found(pk), request.POST.get("active") == "yes"
    try:
        staffing.switch(staff_of(request), someone, active=active)
    except staffing.StaffingError as error:
        return _person(request, someone, error=error)
    messages.success(
        request, _("Switched on.") if active else _("Switched off; nobody gets in with it now, nor do its tokens.")
    )
    return redirect("person", pk=pk)


@requires(Right.STAFF)
@require_POST
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a new one-time password."""
    someone = _found(pk)
    try:
        password = staffing.reset(staff_of(request), someone, factors=request.POST.get("factors") == "yes")
    except staffing.StaffingError as error:
        return _person(request, someone, error=error)
    return _person(request, _found(pk), password=password)
