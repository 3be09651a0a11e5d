"""What is there to fetch of people and the companies they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.shapes import Explode, FanOut, Feed, List, Scroll, Search, Shape
from tap_intercom.streams.workspace import CompanyAttributes, ContactAttributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from tap_intercom.paginators import Request
    from tap_intercom.shapes import Page

READ_USERS = "read_users_companies"
READ_EVENTS = "read_events"


class Contacts(Search):
    """The users and leads, with all their attributes."""

    name = "contacts"
    noun = "contact"
    permission = READ_USERS
    path = "/contacts/search"
    params_since = {"2.16": {"include_merge_history": "true"}}
    component = "contact"
    exact_since = "2.17"
    defined_by = ContactAttributes


class ContactActivities(List):
    """What became of contacts: created, changed between lead and user, merged, deleted."""

    name = "contact_activities"
    permission = READ_USERS
    path = "/contacts/activities"
    params = {"per_page": 150}
    component = "contact_activity"
    replication_key = "created_at"
    min_version = "2.17"


class ContactTags(FanOut):
    """Which contact carries which tag."""

    name = "contact_tags"
    of = Contacts
    permission = READ_USERS
    path = "/contacts/{id}/tags"
    counted = ("tags",)
    inline = True
    component = "contact_tag"
    primary_keys = ("contact_id", "id")
    replication_key = "contact_updated_at"
    selected_by_default = False


class ContactCompanies(FanOut):
    """Which contact belongs to which company."""

    name = "contact_companies"
    of = Contacts
    permission = READ_USERS
    path = "/contacts/{id}/companies"
    params = {"per_page": 50}
    records = "data|companies"
    counted = ("companies",)
    inline = True
    fields = ("id", "type")
    component = "contact_company"
    primary_keys = ("contact_id", "id")
    replication_key = "contact_updated_at"
    selected_by_default = False


class ContactNotes(FanOut):
    """The notes that teammates wrote about contacts."""

    name = "contact_notes"
    of = Contacts
    permission = READ_USERS
    path = "/contacts/{id}/notes"
    counted = ("notes",)
    component = "note"
    replication_key = "contact_updated_at"
    selected_by_default = False


class ContactSegments(FanOut):
    """Which contact is in which segment."""

    name = "contact_segments"
    of = Contacts
    permission = READ_USERS
    path = "/contacts/{id}/segments"
    component = "segment"
    primary_keys = ("contact_id", "id")
    replication_key = "contact_updated_at"
    selected_by_default = False


class ContactSubscriptions(FanOut):
    """Which contact opted in to, or out of, which kind of message."""

    name = "contact_subscriptions"
    of = Contacts
    permission = READ_USERS
    path = "/contacts/{id}/subscriptions"
    counted = ("opted_in_subscription_types", "opted_out_subscription_types")
    component = "subscription_type"
    primary_keys = ("contact_id", "id")
    replication_key = "contact_updated_at"
    min_version = "2.7"
    selected_by_default = False


class ContactMergeHistory(Explode):
    """Which leads and users were merged into which contact."""

    name = "contact_merge_history"
    of = Contacts
    permission = READ_USERS
    path = Contacts.path
    records = "merge_history"
    component = "merge_history_item"
    primary_keys = ("contact_id", "source_contact_id")
    replication_key = "contact_updated_at"
    min_version = "2.16"
    selected_by_default = False


class ContactEvents(Feed):
    """What contacts did, as sent to Intercom: the events of the last 90 days."""

    name = "contact_events"
    of = Contacts
    permission = READ_EVENTS
    path = "/events"
    params = {"type": "user"}
    parent_param = "intercom_user_id"
    records = "events"
    component = "data_event"
    primary_keys = ("contact_id", "id")
    replication_key = "created_at"
    selected_by_default = False


class ContactEventSummaries(FanOut):
    """How often, first and last, each contact did what, over all time."""

    name = "contact_event_summaries"
    of = Contacts
    permission = READ_EVENTS
    path = "/events"
    params = {"type": "user", "summary": "true"}
    parent_param = "intercom_user_id"
    records = "events"
    component = "data_event_summary_item"
    primary_keys = ("contact_id", "name")
    selected_by_default = False


class _Company(Shape):
    name = "companies"
    noun = "company"
    permission = READ_USERS
    component = "company"
    replication_key = "updated_at"


class _Scrolled(_Company, Scroll):
    path = "/companies/scroll"


class _Searched(_Company, Search):
    path = "/companies/search"
    exact_since = None  # documented as a date, in a time zone that is not
    largest_page = 60
    min_version = "2.17"


class _Listed(_Company, List):
    path = "/companies/list"
    params = {"page": 1, "per_page": 60}
    body = {}


class Companies(_Company):
    """The companies, with their plans, tags, segments and attributes."""

    name = "companies"
    path = _Scrolled.path
    defined_by = CompanyAttributes
    ways: ClassVar[Mapping[str, Callable[..., Shape]]] = {
        "scroll": _Scrolled,
        "search": _Searched,
        "list": _Listed,
    }

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        method = self.config["companies_method"]
        if method == "list":
            self.logger.warning("Read as a list, at most 10,000 companies are to be had.")
        stream = self.read_by(method)
        stream.is_read_for_all = not self.is_bounded
        yield from stream.pages(since)

    @override
    def opens(self, since: datetime | None) -> tuple[Shape, Request | None]:
        stream = self.read_by(self.config["companies_method"])
        stream.is_read_for_all = not self.is_bounded
        return stream.opens(since)

    def read_by(self, method: str) -> Shape:
        """Give the stream that reads companies in one of the ways."""
        stream = self.ways[method](self._tap, self.connection)
        stream.account = self.account
        return stream


class CompanySegments(Explode):
    """Which company is in which segment."""

    name = "company_segments"
    of = Companies
    permission = READ_USERS
    path = Companies.path
    records = "segments.segments"
    component = "segment"
    primary_keys = ("company_id", "id")
    selected_by_default = False


class CompanyTags(Explode):
    """Which company carries which tag."""

    name = "company_tags"
    of = Companies
    permission = READ_USERS
    path = Companies.path
    records = "tags.tags"
    component = "tag_basic"
    primary_keys = ("company_id", "id")
    selected_by_default = False


class CompanyContacts(FanOut):
    """The contacts of each company."""

    name = "company_contacts"
    of = Companies
    permission = READ_USERS
    path = "/companies/{id}/contacts"
    component = "contact"
    primary_keys = ("company_id", "id")
    selected_by_default = False


class CompanyNotes(FanOut):
    """The notes that teammates wrote about companies."""

    name = "company_notes"
    of = Companies
    permission = READ_USERS
    path = "/companies/{id}/notes"
    component = "company_note"
    primary_keys = ("company_id", "id")
    min_version = "2.15"
    selected_by_default = False
