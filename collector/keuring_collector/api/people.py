"""Who works at the desk: accounts, roles and departments. Passwords are set on the console, in front of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from pydantic import Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL, Identity
from keuring_collector.api.problems import ProblemError
from keuring_collector.api.schemas import ERRORS
from keuring_collector.desk import scope, staffing
from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Role  # noqa: TC001 - ninja asks for it

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.fleet.models import Department

router = Router(tags=["staff"])
MOST = 500


class Person(Schema):
    """Somebody at the desk. ``departments`` is null for who sees all; ``managed``: the token's owner may change it."""

    login: str
    name: str
    mail: str
    role: Role
    active: bool
    departments: list[int] | None
    managed: bool


class Given(Schema):
    """A role, and the departments that somebody sees: null for all."""

    role: Role
    departments: list[Identity] | None = Field(None, max_length=MOST)


class Account(Schema):
    """Whether somebody gets in."""

    active: bool


Login = Annotated[str, Field(min_length=1, max_length=150, pattern=NO_NUL)]


def _person(found: Staff, viewer: Staff) -> Person:
    departments = sorted(found.departments.values_list("pk", flat=True)) if found.limited else None
    return Person(
        login=found.get_username(), name=found.get_full_name(), mail=found.email, role=cast("Role", found.role),
        active=found.is_active, departments=departments, managed=staffing.may_manage(viewer, found),
    )  # fmt: skip


def _found(login: str) -> Staff:
    found = Staff.objects.filter(username=login).first()
    if found is None:
        raise Http404("There is nobody of that name at the desk.")
    return found


def _departments(viewer: Staff, numbers: Sequence[int] | None) -> list[Department] | None:
    if numbers is None:
        return None
    found = list(scope.departments(viewer).filter(pk__in=numbers))
    if missing := set(numbers) - {each.pk for each in found}:
        raise ProblemError(
            422, f"Department {min(missing)} is not there, or not for you to see.", "body.departments", ""
        )
    return found


@router.get("/staff", auth=auth.STAFF_READ, response={200: list[Person], **ERRORS}, operation_id="list_staff")
def staff(request: HttpRequest) -> list[Person]:
    """Everybody at the desk, by the name they sign in with."""
    viewer = auth.staff_of(request)
    return [_person(each, viewer) for each in Staff.objects.order_by("username").prefetch_related("departments")]


@router.post("/staff/{login}/role", auth=auth.STAFF, response={200: Person, **ERRORS}, operation_id="give_role")
def assign(request: HttpRequest, login: Login, body: Given) -> Person:
    """Gives somebody a role and departments; it is in force at once."""
    viewer, found = auth.staff_of(request), _found(login)
    try:
        staffing.assign(viewer, found, body.role, _departments(viewer, body.departments))
    except staffing.StaffingError as error:
        raise ProblemError(422, str(error.message), f"body.{error.field}" if error.field else "login") from error
    return _person(_found(login), viewer)


@router.post("/staff/{login}/account", auth=auth.STAFF, response={200: Person, **ERRORS}, operation_id="switch_account")
def switch(request: HttpRequest, login: Login, body: Account) -> Person:
    """Switches an account off or on; with it go its tokens."""
    viewer, found = auth.staff_of(request), _found(login)
    try:
        staffing.switch(viewer, found, active=body.active)
    except staffing.StaffingError as error:
        raise ProblemError(422, str(error.message), "login") from error
    return _person(_found(login), viewer)
