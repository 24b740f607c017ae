"""The API does what the console does: every route of the console is told by an operation, or left out for a reason.

A new route, or a new action of a page that has several, fails here until it says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args, get_type_hints

import pytest

from tests.collector.test_roles import routes

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)

# By route of the console: the operations that do or tell the same.
TOLD: Final[dict[str, str]] = {
    "queue": "list_tickets",
    "ticket": "get_ticket",
    "attachment": "get_ticket",
    "bulk": "take_ticket assign_ticket plan_ticket snooze_ticket resolve_ticket dismiss_ticket make_quiet_time",
    "ticket_message": "get_ticket_draft message_ticket",
    "gather": "gather_tickets",
    "fleet_ticket": "get_fleet_ticket list_fleet_tickets",
    "fleet_act": "take_fleet_ticket note_fleet_ticket take_out_of_fleet_ticket dissolve_fleet_ticket",
    "quiet": "list_quiet_times",
    "quiet_make": "make_quiet_time",
    "quiet_end": "end_quiet_time",
    "waiting": "list_waiting",
    "start": "list_rules list_waiting",
    "switch": "switch_rules finish_starting",
    "it_reports": "list_it_reports list_plans",
    "it_report": "get_it_report",
    "it_report_pdf": "get_it_report_pdf",
    "it_plan": "write_plan",
    "it_settle": "settle_plan",
    "it_answer": "answer_it_report",
    "objections": "list_objections",
    "objection_answer": "answer_objection",
    "workplace_export": "export_subject",
    "message_templates": "list_templates",
    "message_template_new": "make_template",
    "message_template": "change_template remove_template restore_template",
    "machines": "list_machines",
    "machine": "get_machine list_tips_of_machine list_announcements_of_machine",
    "signal": "get_signal",
    "machine_warranty": "tell_warranty_of_machine tell_warranties",
    "inspect": "inspect_machine",
    "inspections": "list_inspections",
    "inspection": "get_inspection",
    "inspection_pdf": "get_inspection_pdf",
    "inspection_mail": "mail_inspection",
    "departments": "list_departments",
    "department": "list_departments list_tickets list_machines list_inspections",
    "export_queue": "list_tickets",
    "export_machines": "list_machines",
    "search": "list_tickets list_machines list_articles",
    "models": "list_models",
    "model": "get_model",
    "software": "list_programs",
    "program": "get_program",
    "rules": "list_rules",
    "rule": "get_rule",
    "propose": "propose_rule",
    "backtests": "list_backtests",
    "backtest_new": "draft_backtest try_rule",
    "backtest": "get_backtest",
    "backtest_report": "get_backtest_report",
    "backtest_text": "get_backtest",
    "backtest_stop": "stop_backtest",
    "backtest_save": "save_backtest",
    "knowledge": "list_articles",
    "article": "get_article",
    "article_new": "write_article",
    "article_edit": "change_article",
    "article_draft": "draft_article",
    "article_review": "list_articles_to_review",
    "article_versions": "list_article_versions",
    "article_pictures": "list_article_pictures add_article_picture",
    "article_picture": "get_article_picture",
    "article_picture_remove": "remove_article_picture",
    "announcements": "list_announcements",
    "announcement": "get_announcement",
    "announcement_new": "write_announcement preview_audience",
    "announcement_edit": "change_announcement preview_audience",
    "announcement_versions": "get_announcement",
    "announcement_publish": "publish_announcement",
    "announcement_withdraw": "withdraw_announcement",
    "announcement_discard": "discard_announcement",
    "promises": "list_promises",
    "promise_make": "make_promise",
    "promise_close": "close_promise",
    "scoreboard": "get_scoreboard",
    "incidents": "list_incidents import_incidents",
    "scoreboard_export": "get_scoreboard",
    "skills": "list_skills",
    "skill_add": "put_skill",
    "skills_short": "list_skill_gaps",
    "skills_export": "list_skill_gaps",
    "skills_asked": "list_skills_asked",
    "skills_ask": "set_skills_asked",
    "skills_who": "get_helpers",
    "skills_say": "say_skills",
    "skills_confirm": "confirm_skill",
    "skills_grow": "add_growth_step turn_growth_step",
    "skills_person": "get_growth_plan",
    "tips": "list_tips",
    "machine_tips": "note_tip_of_machine",
    "problems": "list_problems",
    "visits": "list_rounds list_departments_seen",
    "visits_holiday": "list_holidays make_holiday end_holiday",
    "visits_department": "get_visited_department",
    "visits_change": "change_visited_department",
    "round_propose": "propose_round",
    "rounds": "list_rounds",
    "round": "get_round",
    "round_change": "change_round",
    "stop": "report_stop",
    "mood": "list_moods",
    "staff": "list_staff",
    "person": "list_staff",
    "staff_assign": "give_role",
    "staff_switch": "switch_account",
    "audit": "list_audit",
    "audit_check": "check_audit",
    "settings": "get_me",
    "outgoing": "list_outgoing",
    "chat_test": "try_chat",
}

_OWN = "a page of one's own; what stands on it is told by other operations"
_BROWSER = "a part of a page, for the browser alone"
_COLLEAGUE = "for colleagues, who have no token: by a link, or without signing in"
_SIGNING_IN = "signing in, passwords and second factors belong to a person in front of a browser"
LEFT_OUT: Final[dict[str, tuple[str, ...]]] = {
    _OWN: ("today", "seen", "keep_view", "skills_team", "preferences", "article_helped"),
    _BROWSER: ("suggest", "round_worker", "backtest_progress", "machine_signals"),
    _COLLEAGUE: (
        "workplace", "workplace_door", "workplace_enter", "workplace_stored", "workplace_report", "workplace_object",
        "workplace_mood", "workplace_tip", "workplace_leave", "help", "help_list", "help_feed", "help_pictures",
        "help_picture", "help_article", "help_helped", "news", "news_feed", "news_item", "check", "mood_answer",
    ),
    _SIGNING_IN: (
        "sign_in", "account_login", "oidc_login", "oidc_callback", "sign_out", "password", "staff_add", "staff_reset",
        "mfa_index", "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
        "mfa_generate_recovery_codes", "mfa_view_recovery_codes", "account_reauthenticate",
    ),
    "a token that makes tokens would outlive whoever made it": ("token_make", "token_revoke"),
    "the address of a calendar is a secret of a person, and the feed itself is read by programs": (
        "calendar", "calendar_key",
    ),
    "a program knows what it just did, and each action has an operation that does the opposite": ("undo",),
    "settings stand in a file and in the environment, and the page only shows them": ("collector_settings",),
}  # fmt: skip


def operations() -> set[str]:
    from keuring_collector.api.application import api

    methods = api.get_openapi_schema()["paths"].values()
    return {operation["operationId"] for each in methods for operation in each.values()}


@SQLITE
def test_each_route_of_the_console_has_an_operation_or_a_reason(site: Site) -> None:
    from keuring_collector.api import tickets
    from keuring_collector.api.visiting import VisitedChange
    from keuring_collector.api.visits import OF_A_ROUND, OF_A_STOP
    from keuring_collector.console.views.deeds import DEEDS
    from keuring_collector.console.views.rounds import _CHANGES
    from keuring_collector.console.views.visits import CHANGES

    del site
    known, there = set(routes()), operations()
    by_action = {f"{name.replace('-', '_')}_ticket" for name in DEEDS}
    told = {route: set(names.split()) for route, names in TOLD.items()} | {"ticket_act": by_action}
    left_out = [name for names in LEFT_OUT.values() for name in names]
    assert {route: names - there for route, names in told.items() if names - there} == {}
    assert len(left_out) == len(set(left_out))
    assert set(told) & set(left_out) == set()
    assert known - {*told, *left_out} == set(), "say which operation does it, or why none does"
    assert {*told, *left_out} - known == set(), "these routes are gone"
    # And each operation is of a page.
    assert there - {name for names in told.values() for name in names} == set()
    assert set(DEEDS) | {"message"} == set(tickets.ACTIONS)
    assert set(_CHANGES) == {*OF_A_ROUND, *OF_A_STOP}
    assert set(CHANGES) == set(get_args(get_type_hints(VisitedChange)["do"]))
