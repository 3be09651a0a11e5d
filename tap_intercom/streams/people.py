"""What is there to fetch of people and the companies they belong to."""

from __future__ import annotations

from tap_intercom.api.errors import STOP, VERDICTS, Row
from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.choice import Choice
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.feed import Feed
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.scroll import Scroll
from tap_intercom.shapes.search import Search
from tap_intercom.streams.workspace import CompanyAttributes, ContactAttributes

READ_USERS = "read_users_companies"
READ_EVENTS = "read_events"


class Contacts(Search):
    """The users and leads, with all their attributes."""

    permission = READ_USERS
    path = "/contacts/search"
    params_since = {"2.16": {"include_merge_history": "true"}}
    exact_since = "2.17"
    defined_by = ContactAttributes


class ContactActivities(List):
    """What became of contacts: created, changed between lead and user, merged, deleted."""

    permission = READ_USERS
    path = "/contacts/activities"
    params = {"per_page": 150}
    replication_key = "created_at"
    min_version = "2.17"


class DeletedContacts(List):
    """The contacts that are no longer active, and why: archived, blocked, merged or deleted."""

    permission = READ_USERS
    path = "/contacts/deleted"
    params = {"per_page": 150, "escape_identity": "false"}
    # The documentation at hand names the fields of a contact, and not the list that they are in.
    records = "data|contacts|deleted_contacts"
    made_at = ""  # when it was deleted, it does not say
    min_version = "2.17"
    selected_by_default = False


class ContactTags(FanOut):
    """Which contact carries which tag."""

    of = Contacts
    id_of = "tag"
    path = "/contacts/{id}/tags"
    counted = ("tags",)
    inline = True


class ContactCompanies(FanOut):
    """Which contact belongs to which company."""

    of = Contacts
    id_of = "company"
    path = "/contacts/{id}/companies"
    params = {"per_page": 50}
    records = "data|companies"
    made_at = ""  # when the contact came to it, it does not say
    counted = ("companies",)
    inline = True
    fields = ("id", "type")


class ContactGrantedCompanies(FanOut):
    """Which companies' tickets a contact may read in the portal, by the workspace's own ids."""

    of = Contacts
    path = "/contacts/{id}/granted_companies"
    params = {"per_page": 150}
    records = "company_ids"
    made_at = ""  # an id alone
    bare = "company_id"
    component = "granted_company"
    primary_keys = ("contact_id", "company_id")
    min_version = "Preview"


class ContactNotes(FanOut):
    """The notes that teammates wrote about contacts."""

    of = Contacts
    primary_keys = ("id",)
    path = "/contacts/{id}/notes"
    counted = ("notes",)
    component = "note"


class ContactSegments(FanOut):
    """Which contact is in which segment."""

    of = Contacts
    id_of = "segment"
    path = "/contacts/{id}/segments"
    component = "segment"


class ContactSubscriptions(FanOut):
    """Which contact opted in to, or out of, which kind of message."""

    of = Contacts
    id_of = "subscription_type"
    path = "/contacts/{id}/subscriptions"
    counted = ("opted_in_subscription_types", "opted_out_subscription_types")
    component = "subscription_type"
    min_version = "2.7"


class ContactMergeHistory(Explode):
    """Which leads and users were merged into which contact."""

    of = Contacts
    records = "merge_history"
    component = "merge_history_item"
    primary_keys = ("contact_id", "source_contact_id")
    min_version = "2.16"


class ContactEvents(Feed):
    """What contacts did, as sent to Intercom: the events of the last 90 days."""

    of = Contacts
    permission = READ_EVENTS
    path = "/events"
    params = {"type": "user"}
    parent_param = "intercom_user_id"
    records = "events"
    component = "data_event"
    replication_key = "created_at"


class ContactEventSummaries(FanOut):
    """How often, first and last, each contact did what, over all time."""

    of = Contacts
    replication_key = None
    permission = READ_EVENTS
    path = "/events"
    params = {"type": "user", "summary": "true"}
    parent_param = "intercom_user_id"
    records = "events"
    component = "data_event_summary_item"
    primary_keys = ("contact_id", "name")


NO_MORE_LISTED = (
    "A list has 10,000 companies at the most: set companies_method to scroll or search."
)


class _OfCompanies:
    """What all ways of reading companies have in common."""

    name = "companies"
    permission = READ_USERS


class _Listed(_OfCompanies, List):
    replication_key = "updated_at"
    path = "/companies/list"
    params = {"page": 1, "per_page": 60}
    body = {}
    verdicts = (Row(STOP, frozenset({400}), says="page limit", advice=NO_MORE_LISTED), *VERDICTS)


class _Scrolled(_OfCompanies, Scroll):
    replication_key = "updated_at"
    path = "/companies/scroll"
    probed_by = _Listed


class _Searched(_OfCompanies, Search):
    path = "/companies/search"
    exact_since = None  # documented as a date, in a time zone that is not
    largest_page = 60
    min_version = "2.17"


class Companies(_OfCompanies, Choice):
    """The companies, with their plans, tags, segments and attributes."""

    path = _Scrolled.path
    replication_key = "updated_at"
    setting = "companies_method"
    ways = {"scroll": _Scrolled, "search": _Searched, "list": _Listed}
    # A scroll gives what the other ways leave out.
    state_settings = {"companies_method": lambda known, now: now != "scroll" or known == now}
    warnings = {"list": "Read as a list, at most 10,000 companies are to be had."}
    defined_by = CompanyAttributes
    is_shared = True


class CompanySegments(FanOut):
    """Which company is in which segment."""

    of = Companies
    id_of = "segment"
    path = "/companies/{id}/segments"
    component = "segment"


class CompanyTags(Explode):
    """Which company carries which tag."""

    of = Companies
    id_of = "tag"
    permission = READ_USERS
    records = "tags.tags"
    component = "tag_basic"


class CompanyContacts(FanOut):
    """The contacts of each company."""

    of = Companies
    id_of = "contact"
    permission = READ_USERS
    path = "/companies/{id}/contacts"
    made_at = ""  # when it came to the company, it does not say
    component = "contact"


class CompanyNotes(FanOut):
    """The notes that teammates wrote about companies."""

    of = Companies
    permission = READ_USERS
    path = "/companies/{id}/notes"
    counted = ("notes",)
    min_version = "2.15"
