"""Every page once on each kind of database, with something on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.collector.console_fixtures import PASSWORD, words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site


def test_every_page_on_each_database(site: Site) -> None:
    from keuring_collector.desk import actions
    from tests.collector.console_routes import addresses

    noor = site.staff(password=PASSWORD)
    browser = site.client(noor)
    pages = addresses(site)
    earlier = site.ticket(site.machine("LT-1"))
    actions.resolve(earlier.pk, actor=noor, now=site.now, verdict="right", text="Emptied the photo cache.")
    shown = {name: browser.get(address) for name, address in pages.items()}
    assert {name for name, response in shown.items() if response.status_code == 200} == {
        "queue", "ticket", "machine", "signal", "machines", "departments", "rules", "rule", "article", "problems",
        "department", "scoreboard", "scoreboard_export", "incidents", "outgoing", "machine_signals",
        "password", "attachment", "fleet_ticket", "quiet", "start", "today", "waiting",
        "staff", "person", "settings", "mfa_index", "collector_settings", "audit",
        "account_reauthenticate",  # what guards the second factor asks for the password first
        "backtests", "backtest", "backtest_new", "backtest_progress", "backtest_report", "backtest_text",
        "knowledge", "article_new", "article_edit", "article_versions", "article_review",
        "article_pictures", "article_picture",
        "ticket_message", "message_templates", "message_template", "message_template_new",
        "models", "model", "software", "program", "search", "suggest", "export_queue", "export_machines",
        "it_reports", "it_report", "it_report_pdf", "objections", "workplace_door", "workplace_enter",
        "announcements", "announcement", "announcement_new", "announcement_edit", "announcement_versions", "promises",
        "skills", "skills_short", "skills_asked", "skills_person", "skills_export", "tips",
        "visits", "visits_department", "round", "round_worker", "calendar", "mood", "mood_answer",
        "check", "inspections", "inspection", "inspection_pdf",
    }  # fmt: skip
    assert "Emptied the photo cache." in words(shown["ticket"])
    assert "LT-0777" in words(shown["queue"])
    assert "Volume in use" in words(shown["machine"])
    assert browser.post(pages["ticket_act"]).status_code == 302
    assert "with noor" in words(browser.get(pages["ticket"]))
