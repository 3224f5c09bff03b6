from tickets.models.approvals import Approval
from tickets.models.deliveries import Delivery
from tickets.models.drafts import Draft, DraftFile
from tickets.models.links import ClientMove, HandOver, Link
from tickets.models.presences import Presence
from tickets.models.records import BreakingOff, Registration
from tickets.models.tickets import Attachment, Channel, Joining, JunkSender, Message, Note, Ticket, TicketCounter

__all__ = [
    "Approval",
    "Attachment",
    "BreakingOff",
    "Channel",
    "ClientMove",
    "Delivery",
    "Draft",
    "DraftFile",
    "HandOver",
    "Joining",
    "JunkSender",
    "Link",
    "Message",
    "Note",
    "Presence",
    "Registration",
    "Ticket",
    "TicketCounter",
]
