from tickets.models.approvals import Approval
from tickets.models.deliveries import Delivery
from tickets.models.drafts import Draft, DraftFile
from tickets.models.presences import Presence
from tickets.models.tickets import Attachment, Channel, Joining, JunkSender, Message, Note, Ticket, TicketCounter

__all__ = [
    "Approval",
    "Attachment",
    "Channel",
    "Delivery",
    "Draft",
    "DraftFile",
    "Joining",
    "JunkSender",
    "Message",
    "Note",
    "Presence",
    "Ticket",
    "TicketCounter",
]
