"""Who is who: people of the office and clients, and who acts for whom."""

from directory.models.absence import Absence
from directory.models.clients import Client, ClientAddress, ClientKey, ClientMerge, ClientPhone, Delegate
from directory.models.competence import Competence, CompetenceOrder, Topic
from directory.models.people import Desk, Employee, Role, User, UserManager
from directory.models.register import ClientImport, ClientImportRow

__all__ = [
    "Absence",
    "Client",
    "ClientAddress",
    "ClientImport",
    "ClientImportRow",
    "ClientKey",
    "ClientMerge",
    "ClientPhone",
    "Competence",
    "CompetenceOrder",
    "Delegate",
    "Desk",
    "Employee",
    "Role",
    "Topic",
    "User",
    "UserManager",
]
