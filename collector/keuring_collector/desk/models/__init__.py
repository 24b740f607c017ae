"""The desk's tables, one file per subject."""

from keuring_collector.desk.models.audit import AuditEntry, AuditHead
from keuring_collector.desk.models.backtests import Backtest
from keuring_collector.desk.models.filters import SavedFilter
from keuring_collector.desk.models.fleet_tickets import FleetHistory, FleetTicket
from keuring_collector.desk.models.incidents import IncidentLeftOut, IncidentSource
from keuring_collector.desk.models.inspections import Inspection
from keuring_collector.desk.models.jobs import Job
from keuring_collector.desk.models.kept import Kept
from keuring_collector.desk.models.quiet import DeskState, Quiet, RuleSwitch, Waiting
from keuring_collector.desk.models.scores import Demotion, Incident, TicketOutcome
from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.talk import Attachment, Notice, TicketLink
from keuring_collector.desk.models.tickets import Ticket, TicketHistory, TicketLine
from keuring_collector.desk.models.tokens import ApiToken
from keuring_collector.desk.models.undoing import Outgoing, Undo

__all__ = [
    "ApiToken",
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "Backtest",
    "Demotion",
    "DeskState",
    "FleetHistory",
    "FleetTicket",
    "Incident",
    "IncidentLeftOut",
    "IncidentSource",
    "Inspection",
    "Job",
    "Kept",
    "Notice",
    "Outgoing",
    "Quiet",
    "RuleSwitch",
    "SavedFilter",
    "Staff",
    "Ticket",
    "TicketHistory",
    "TicketLine",
    "TicketLink",
    "TicketOutcome",
    "Undo",
    "Waiting",
]
