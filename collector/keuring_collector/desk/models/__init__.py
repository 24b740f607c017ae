"""The desk's tables, one file per subject."""

from keuring_collector.desk.models.filters import SavedFilter
from keuring_collector.desk.models.fleet_tickets import FleetHistory, FleetTicket
from keuring_collector.desk.models.jobs import Job
from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.talk import Attachment, Notice, TicketLink
from keuring_collector.desk.models.tickets import Ticket, TicketHistory, TicketLine
from keuring_collector.desk.models.undoing import Outgoing, Undo

__all__ = [
    "Attachment",
    "FleetHistory",
    "FleetTicket",
    "Job",
    "Notice",
    "Outgoing",
    "SavedFilter",
    "Staff",
    "Ticket",
    "TicketHistory",
    "TicketLine",
    "TicketLink",
    "Undo",
]
