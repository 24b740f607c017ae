"""The desk's tables, one file per subject."""

from keuring_collector.desk.models.audit import AuditEntry, AuditHead
from keuring_collector.desk.models.inspections import Inspection
from keuring_collector.desk.models.jobs import Job
from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.tickets import Ticket, TicketHistory, TicketLine
from keuring_collector.desk.models.tokens import ApiToken

__all__ = ["ApiToken", "AuditEntry", "AuditHead", "Inspection", "Job", "Staff", "Ticket", "TicketHistory", "TicketLine"]
