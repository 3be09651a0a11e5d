"""What is there to fetch of tickets."""

from __future__ import annotations

from tap_intercom.shapes import Explode, List, Search

READ_TICKETS = "read_tickets"


class Tickets(Search):
    """The tickets, with their attributes, states and people."""

    name = "tickets"
    noun = "ticket"
    permission = READ_TICKETS
    path = "/tickets/search"
    records = "tickets"
    component = "ticket"
    min_version = "2.10"


class TicketParts(Explode):
    """The newest 500 parts of each ticket that changed: comments, notes, changes of state."""

    name = "ticket_parts"
    of = Tickets
    permission = READ_TICKETS
    path = Tickets.path
    records = "ticket_parts.ticket_parts"
    cap = 500
    component = "ticket_part"
    primary_keys = ("ticket_id", "id")
    replication_key = "ticket_updated_at"
    min_version = Tickets.min_version


class TicketTypes(List):
    """The ticket types, with their attributes and states."""

    name = "ticket_types"
    noun = "ticket_type"
    permission = READ_TICKETS
    path = "/ticket_types"
    component = "ticket_type"
    min_version = "2.9"


class TicketTypeAttributes(Explode):
    """The attributes that tickets of each type have."""

    name = "ticket_type_attributes"
    of = TicketTypes
    permission = READ_TICKETS
    path = TicketTypes.path
    records = "ticket_type_attributes.data|ticket_type_attributes.ticket_type_attributes"
    component = "ticket_type_attribute"
    min_version = TicketTypes.min_version


class TicketStates(List):
    """The states that tickets can be in, with the types that use them."""

    name = "ticket_states"
    permission = READ_TICKETS
    path = "/ticket_states"
    component = "ticket_state_detailed"
    min_version = "2.12"
