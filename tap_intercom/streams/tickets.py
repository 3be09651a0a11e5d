"""What is there to fetch of tickets."""

from __future__ import annotations

from tap_intercom.shapes import Explode, List, Search


class Tickets(Search):
    """The tickets, with their attributes, states and people."""

    name = "tickets"
    noun = "ticket"
    path = "/tickets/search"
    records = "tickets"
    component = "ticket"
    min_version = "2.10"


class TicketParts(Explode):
    """The newest 500 parts of each ticket that changed: comments, notes, changes of state."""

    name = "ticket_parts"
    of = Tickets
    path = Tickets.path
    records = "ticket_parts.ticket_parts"
    component = "ticket_part"
    primary_keys = ("ticket_id", "id")
    replication_key = "ticket_updated_at"
    min_version = Tickets.min_version


class TicketTypes(List):
    """The ticket types, with their attributes and states."""

    name = "ticket_types"
    noun = "ticket_type"
    path = "/ticket_types"
    component = "ticket_type"
    min_version = "2.9"
