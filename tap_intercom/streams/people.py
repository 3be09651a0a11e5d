"""What is there to fetch of people and the companies they belong to."""

from __future__ import annotations

from tap_intercom.shapes import Scroll, Search


class Contacts(Search):
    """The users and leads, with all their attributes."""

    name = "contacts"
    noun = "contact"
    path = "/contacts/search"
    params_since = {"2.16": {"include_merge_history": "true"}}
    component = "contact"
    exact_since = "2.17"


class Companies(Scroll):
    """The companies, with their plans, tags, segments and attributes."""

    name = "companies"
    noun = "company"
    path = "/companies/scroll"
    component = "company"
    replication_key = "updated_at"
