"""The console's addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import include, path

from keuring_collector.console import oidc
from keuring_collector.console.views import (
    account,
    audit,
    departments,
    errors,
    factors,
    fleet_tickets,
    inspections,
    machines,
    problems,
    queue,
    quiet,
    rules,
    scoreboard,
    settings,
    several,
    staff,
    ticket,
    today,
    tokens,
    waiting,
)

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("", queue.queue, name="queue"),
    path("today/", today.today, name="today"),
    path("today/seen/", today.seen, name="seen"),
    path("views/", today.keep_view, name="keep_view"),
    path("fleet-tickets/", fleet_tickets.gather, name="gather"),
    path("fleet-tickets/<int:pk>/", fleet_tickets.fleet_ticket, name="fleet_ticket"),
    path("fleet-tickets/<int:pk>/<slug:action>/", fleet_tickets.act, name="fleet_act"),
    path("quiet/", quiet.quiet_times, name="quiet"),
    path("quiet/make/", quiet.make, name="quiet_make"),
    path("quiet/<int:pk>/end/", quiet.end, name="quiet_end"),
    path("waiting/", waiting.waiting, name="waiting"),
    path("start/", waiting.start, name="start"),
    path("start/switch/", waiting.switch, name="switch"),
    path("undo/", several.undo, name="undo"),
    path("tickets/", several.bulk, name="bulk"),
    path("tickets/<int:pk>/", ticket.ticket, name="ticket"),
    path("tickets/<int:pk>/files/<int:number>/", ticket.attachment, name="attachment"),
    path("tickets/<int:pk>/<slug:action>/", ticket.act, name="ticket_act"),
    path("machines/", machines.machines, name="machines"),
    path("machines/<uuid:identity>/", machines.machine, name="machine"),
    path("machines/<uuid:identity>/signals/<str:name>/", machines.signal, name="signal"),
    path("machines/<uuid:identity>/inspect/", inspections.inspect, name="inspect"),
    path("inspections/", inspections.inspections, name="inspections"),
    path("inspections/<str:number>/", inspections.inspection, name="inspection"),
    path("inspections/<str:number>/pdf/", inspections.document, name="inspection_pdf"),
    path("inspections/<str:number>/mail/", inspections.mail, name="inspection_mail"),
    path("check/", inspections.check, name="check"),
    path("departments/", departments.departments, name="departments"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<str:name>/", rules.rule, name="rule"),
    path("scoreboard/", scoreboard.scoreboard, name="scoreboard"),
    path("scoreboard/export/", scoreboard.export, name="scoreboard_export"),
    path("articles/<slug:slug>/", rules.article, name="article"),
    path("problems/", problems.problems, name="problems"),
    path("staff/", staff.staff, name="staff"),
    path("staff/add/", staff.add, name="staff_add"),
    path("staff/<int:pk>/", staff.person, name="person"),
    path("staff/<int:pk>/role/", staff.assign, name="staff_assign"),
    path("staff/<int:pk>/account/", staff.switch, name="staff_switch"),
    path("staff/<int:pk>/password/", staff.reset, name="staff_reset"),
    path("audit/", audit.audit, name="audit"),
    path("audit/check/", audit.check, name="audit_check"),
    path("settings/", settings.personal, name="settings"),
    path("settings/", settings.personal, name="mfa_index"),  # where allauth goes back to
    path("settings/collector/", settings.collector, name="collector_settings"),
    path("settings/tokens/", tokens.make, name="token_make"),
    path("settings/tokens/<slug:identity>/", tokens.revoke, name="token_revoke"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-in/", account.sign_in, name="account_login"),
    path("sign-in/oidc/", oidc.begin, name="oidc_login"),
    path("sign-in/oidc/back/", oidc.callback, name="oidc_callback"),
    path("", include(factors)),
    path("sign-out/", account.sign_out, name="sign_out"),
    path("password/", account.password, name="password"),
    path("preferences/", account.preferences, name="preferences"),
]

handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
