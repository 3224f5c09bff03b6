from tickets.models.deliveries import Delivery
from tickets.models.drafts import Draft
from tickets.models.links import ClientMove, HandOver, Link
from tickets.models.records import BreakingOff, Registration
from tickets.models.tickets import Attachment, Channel, Joining, JunkSender, Message, Note, Ticket, TicketCounter

__all__ = [
    "Attachment",
    "BreakingOff",
    "Channel",
    "ClientMove",
    "Delivery",
    "Draft",
    "HandOver",
    "Joining",
    "JunkSender",
    "Link",
    "Message",
    "Note",
    "Registration",
    "Ticket",
    "TicketCounter",
]
