"""The console's addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from keuring_collector.console.views import (
    account,
    departments,
    errors,
    fleet_tickets,
    machines,
    problems,
    queue,
    quiet,
    rules,
    several,
    ticket,
    today,
    waiting,
)

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
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
    path("departments/", departments.departments, name="departments"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<str:name>/", rules.rule, name="rule"),
    path("articles/<slug:slug>/", rules.article, name="article"),
    path("problems/", problems.problems, name="problems"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path("password/", account.password, name="password"),
    path("preferences/", account.preferences, name="preferences"),
]

handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
