"""An IT report by mail: what each section says first, where to read and answer the rest, and the PDF."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import TYPE_CHECKING, Final

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import override

from keuring_collector.desk.models import Staff
from keuring_collector.desk.roles import Role
from keuring_collector.service.it_report import pdf
from keuring_collector.service.it_report.issuing import LANGUAGES
from keuring_collector.service.models import ItReport

if TYPE_CHECKING:
    from datetime import datetime

WAITS: Final = timedelta(days=7)
FOR_GOOD: Final = 500  # from this code on a mail server means: never
READERS: Final = (Role.IT, Role.TEAM_LEAD)


def message(report: ItReport, person: Staff, console: str, language: str) -> EmailMessage:
    """The mail to one reader. ``console``: the console's address, with a slash at the end."""
    language = person.language if person.language in LANGUAGES else language
    with override(language):
        title = _("IT report %(number)s") % {"number": report.number}
        name = person.first_name or person.get_username()
        lines = [_("Hello %(name)s,") % {"name": name}, "", f"{title}: {pdf.span(report)}.", ""]
        for section in report.content[language]:
            lines += [f"{section['title']}", *(f"- {line}" for line in section["lead"]), ""]
        lines.append(
            _("Read it and answer in place: %(address)s") % {"address": f"{console}it-reports/{report.number}/"}
        )
    mail = EmailMessage(title, "\n".join(lines), None, [person.email])
    mail.attach(f"it-report-{report.number}.pdf", pdf.build(report, language), "application/pdf")
    return mail


def send_waiting(now: datetime, console: str, language: str) -> int:
    """Mails the reports of the last week that were not mailed yet; how many mails. Raises OSError when the mail server
    does not answer: then a report waits for the next time; or, at the end, when it refused an address for good: to try
    that again would mail all others again too.
    """
    count, refused = 0, []
    readers = list(Staff.objects.filter(is_active=True, limited=False, role__in=READERS).exclude(email=""))
    for report in ItReport.objects.filter(mailed_at=None, issued_at__gt=now - WAITS).order_by("issued_at", "pk"):
        # Claimed first, so that two collectors never send it twice.
        if not ItReport.objects.filter(pk=report.pk, mailed_at=None).update(mailed_at=now):
            continue
        try:
            for person in readers:
                try:
                    message(report, person, console, language).send()
                    count += 1
                except SMTPRecipientsRefused as error:
                    if any(code < FOR_GOOD for code, _told in error.recipients.values()):
                        raise
                    refused.append(f"{report.number}: {error}")
        except OSError:
            ItReport.objects.filter(pk=report.pk).update(mailed_at=None)
            raise
    if refused:
        raise OSError("; ".join(refused))
    return count
