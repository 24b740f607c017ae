"""A report by mail, to the colleague whose machine it is, in their language, with the PDF."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import TYPE_CHECKING, Final

from django.core.mail import EmailMessage

from keuring_collector.desk.inspection import pdf
from keuring_collector.desk.inspection.words import WORDS
from keuring_collector.desk.models import Inspection
from keuring_collector.desk.placeholders import first_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from keuring_collector.fleet.models import Endpoint

WAITS: Final = timedelta(days=7)
TOLD: Final = 20  # refusals that the log names


class NobodyError(Exception):
    """The machine has no colleague to mail to."""


def message(inspection: Inspection, check_address: str, mood_address: str = "") -> EmailMessage:
    """The mail; with ``mood_address`` it asks how they feel. Raises NobodyError when nobody uses the machine."""
    colleague = inspection.endpoint.colleague
    if colleague is None:
        raise NobodyError
    language = colleague.language if colleague.language in WORDS else "nl"
    words, content = WORDS[language], inspection.content
    filled = {
        "machine": content["machine"]["name"],
        "stamp": words["stamp"][inspection.outcome],  # type: ignore[index]
        "name": first_name(colleague.name),
    }
    advice = [fault for item in content["items"] for fault in item[language]["faults"]]
    lines = [
        str(words["hello"]).format(**filled),
        "",
        str(words["told"]).format(**filled),
        str(words[f"after_{inspection.outcome}"]),
        "",
        *(f"- {fault['what']} {fault['advice']}".rstrip() for fault in advice),
        *([""] if advice else []),
        str(words["attached"]),
        "",
        *([f"{words['mood']} {mood_address}", ""] if mood_address else []),
        str(words["greeting"]),
    ]
    mail = EmailMessage(str(words["subject"]).format(**filled), "\n".join(lines), None, [colleague.mail])
    mail.attach(f"apk-{inspection.number}.pdf", pdf.build(inspection, language, check_address), "application/pdf")
    return mail


def send(inspection: Inspection, now: datetime, check_address: str, mood_address: str = "") -> None:
    """Mails the report and notes when. Raises NobodyError, or OSError when the mail server refuses."""
    message(inspection, check_address, mood_address).send()
    Inspection.objects.filter(pk=inspection.pk).update(mailed_at=now)


def send_waiting(now: datetime, console: str, mood_link: Callable[[Endpoint], str] = lambda _endpoint: "") -> int:
    """Mails the reports of the last week that were not mailed yet, where the machine has a colleague; how many.

    ``mood_link`` makes the address at which they may say how they feel. Raises OSError when the mail server refused
    any: one address that it does not know keeps nobody else waiting, and is tried again the next time; when the server
    itself does not answer, all wait for that.
    """
    waiting = Inspection.objects.filter(
        current=True, mailed_at=None, issued_at__gt=now - WAITS, endpoint__colleague__isnull=False
    ).select_related("endpoint__colleague", "endpoint__department")
    count, refused = 0, []
    for inspection in waiting.order_by("issued_at", "pk"):
        try:
            send(inspection, now, f"{console}check/", mood_link(inspection.endpoint))
        except (SMTPRecipientsRefused, SMTPDataError) as error:
            refused.append(f"{inspection.number}: {error}")
        else:
            count += 1
    if refused:
        raise OSError("; ".join(refused[:TOLD]))
    return count
