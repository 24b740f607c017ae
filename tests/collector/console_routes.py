"""Every address of the console, for tests that hold of all pages; a new route adds its line here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.collector import announcing_kit
from tests.collector.console_fixtures import MODEL, USED
from tests.collector.test_help_pages import of_articles
from tests.collector.test_it_report import of_reports
from tests.collector.test_roles import OPEN_TO_ALL, PUBLIC

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

__all__ = ["FILES", "LEADING_ON", "MISSING", "OPEN_TO_ALL", "addresses"]
# Routes that send on whoever is signed in, or ask for their password first; or that take no GET.
LEADING_ON = OPEN_TO_ALL | {
    *("sign_out", "bulk", "ticket_act", "undo", "seen", "keep_view", "gather", "fleet_act", "quiet_make", "quiet_end"),
    *("switch", "inspect", "inspection_mail", "audit_check", "mfa_activate_totp", "mfa_generate_recovery_codes"),
    *("backtest_stop", "backtest_save", "propose"),
    *("article_draft", "article_helped", "article_picture_remove"),
    *("it_plan", "it_settle", "it_answer", "objection_answer"),
    *("announcement_publish", "announcement_withdraw", "announcement_discard", "promise_make", "promise_close"),
    *(
        "skill_add",
        "skills_ask",
        "skills_who",
        "skills_say",
        "skills_confirm",
        "skills_grow",
        "machine_tips",
        "machine_warranty",
    ),
    *("rounds", "round_propose", "round_change", "stop", "visits_change", "visits_holiday", "calendar_key"),
    *(
        "mfa_reauthenticate",
        "staff_add",
        "staff_assign",
        "staff_switch",
        "staff_reset",
        "chat_test",
        "token_make",
        "token_revoke",
    ),
}
# Routes that are no page; and of what is not there: no provider, no second factor, no public pages.
FILES = {
    "attachment", "inspection_pdf", "export_queue", "export_machines", "scoreboard_export", "suggest", "backtest_text",
    "article_picture", "skills_export", "calendar", "round_worker", "it_report_pdf",
}  # fmt: skip
MISSING = {"oidc_login", "oidc_callback", "mfa_deactivate_totp", "mfa_view_recovery_codes", *PUBLIC}


def addresses(site: Site) -> dict[str, str]:
    """One address of every route, by its name."""
    from django.urls import reverse

    from keuring_collector.desk.models import FleetTicket
    from tests.collector.test_backtests import done
    from tests.collector.test_roles import routes
    from tests.collector.test_visits import visited

    machine = site.machine("LT-0777")
    site.measure(machine, USED, [0.5, 0.6, 0.7] * 8, subject="C:")
    site.fact(machine, MODEL, "Notitie 14")
    site.fact(machine, 541, "7.2", "Schrijver")
    ticket = site.ticket(machine)
    report = site.inspection(machine).number
    person = site.staff("colleague-of-mine").pk
    fleet = FleetTicket.objects.create(cause="volume-space", opened_at=site.now, updated_at=site.now)
    tried = done(site).pk
    file = ticket.attachments.create(name="a.txt", kind="text/plain", size=1, content=b"a", added_at=site.now)
    arguments: dict[str, list[Any]] = {
        "quiet_end": [1],
        "fleet_ticket": [fleet.pk],
        "fleet_act": [fleet.pk, "take"],
        "attachment": [ticket.pk, file.pk],
        "ticket": [ticket.pk],
        "ticket_act": [ticket.pk, "take"],
        **{name: [machine.uuid] for name in ("machine", "machine_tips", "machine_warranty", "inspect")},
        "signal": [machine.uuid, "system.filesystem.utilization"],
        "machine_signals": [machine.uuid, 0],
        "inspection": [report],
        "inspection_pdf": [report],
        "inspection_mail": [report],
        "rule": ["volume_filling"],
        "propose": ["volume_filling"],
        "department": [site.department().pk],
        **{name: ["volume-space"] for name in ("article", "article_edit", "article_versions", "article_helped")},
        "article_draft": [ticket.pk],
        **of_articles(site),
        "ticket_message": [ticket.pk],
        "message_template": ["visit"],
        **{name: [person] for name in routes() if re.match(r"person$|staff_(as|sw|re)|skills_(p|c|g)", name)},
        "token_revoke": ["0"],
        **announcing_kit.addresses(site),
        **of_reports(site, machine, report),
        **{f"backtest{name}": [tried] for name in ("", "_progress", "_report", "_stop", "_save")},
        "backtest_text": [tried, "tried"],
        **visited(site),
    }
    found = {name: reverse(name, args=arguments.get(name, [])) for name in routes()}
    found["signal"] += "?subject=C:"
    found["model"] += "?name=Notitie+14"
    found["program"] += "?name=Schrijver"
    return found
