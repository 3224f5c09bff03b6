"""Every write about people, competences, absences and clients that the business has a name for."""

from directory.actions.absences import cancel_absence, change_absence, enter_absence
from directory.actions.clients import enter_clients, register_client, unknown_client
from directory.actions.competences import change_order, change_topic, end_order, enter_order, enter_topic
from directory.actions.people import (
    change_person,
    change_profile,
    create_employee,
    employ,
    grant_role,
    revoke_role,
)

__all__ = [
    "cancel_absence",
    "change_absence",
    "change_order",
    "change_person",
    "change_profile",
    "change_topic",
    "create_employee",
    "employ",
    "end_order",
    "enter_absence",
    "enter_clients",
    "enter_order",
    "enter_topic",
    "grant_role",
    "register_client",
    "revoke_role",
    "unknown_client",
]
