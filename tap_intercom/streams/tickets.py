"""What is there to fetch of tickets."""

from __future__ import annotations

from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.search import Search

READ_TICKETS = "read_tickets"


class Tickets(Search):
    """The tickets, with their attributes, states and people."""

    permission = READ_TICKETS
    path = "/tickets/search"
    records = "tickets"
    min_version = "2.10"


class TicketParts(Explode):
    """The newest 500 parts of each ticket that changed: comments, notes, changes of state."""

    of = Tickets
    selected_by_default = True
    records = "ticket_parts.ticket_parts"
    cap = 500


class TicketTypes(List):
    """The ticket types, with their attributes and states."""

    permission = READ_TICKETS
    min_version = "2.9"


class TicketTypeAttributes(Explode):
    """The attributes that tickets of each type have."""

    of = TicketTypes
    selected_by_default = True
    primary_keys = ("id",)
    records = "ticket_type_attributes.data|ticket_type_attributes.ticket_type_attributes"


class TicketStates(List):
    """The states that tickets can be in, with the types that use them."""

    permission = READ_TICKETS
    component = "ticket_state_detailed"
    min_version = "2.12"
