"""Who asks for a page: their session and themselves, which every page reads, so with SQL that is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from keuring_collector.desk.models import Notice, Staff
from keuring_collector.desk.prepared import prepared

if TYPE_CHECKING:
    from django.db.models import QuerySet


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        for found in _session(self.session_key, timezone.now()):
            return found
        self._session_key = None
        return None


class Backend(ModelBackend):
    """Django's accounts and passwords. Staff come with the number of notices that they did not see yet."""

    def get_user(self, user_id: int) -> Staff | None:
        """The one of a session; None when they may not sign in any more."""
        return next((found for found in _staff(user_id) if self.user_can_authenticate(found)), None)


@prepared
def _session(key: Any, now: Any) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


@prepared
def _staff(pk: Any) -> QuerySet[Staff, Any]:
    unseen = Notice.objects.filter(staff=OuterRef("pk"), seen_at=None).order_by().values("staff")
    count = Subquery(unseen.annotate(count=Count("pk")).values("count"))
    return Staff.objects.filter(pk=pk).annotate(unseen_notices=Coalesce(count, 0))  # type: ignore[no-redef]  # it fills the cached property of that name
