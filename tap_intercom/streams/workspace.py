"""What is there to fetch of the workspace itself: who works in it, and how it is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_intercom.shapes import List, Page, Singleton, Windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class Workspace(Singleton):
    """The workspace and the teammate the token belongs to: name, region, time zone."""

    name = "workspace"
    path = "/me"
    component = "app"

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        for page in super().pages(since):
            yield Page([_turned_inside_out(me) for me in page.records])


def _turned_inside_out(me: dict[str, Any]) -> dict[str, Any]:
    """Make `/me`, a teammate with a workspace inside, a workspace with the teammate inside."""
    workspace = me.pop("app", None) or {}
    return {**workspace, "id": workspace.get("id_code"), "admin": me}


class Admins(List):
    """The teammates, with their roles, teams and away modes."""

    name = "admins"
    path = "/admins"
    params = {"display_avatar": "true"}
    records = "admins"
    component = "admin"


class Teams(List):
    """The teams, with the ids of their members."""

    name = "teams"
    path = "/teams"
    records = "teams"
    component = "team"


class Tags(List):
    """The tags that contacts, companies and conversations can carry."""

    name = "tags"
    path = "/tags"
    component = "tag"


class Segments(List):
    """The segments, with the number of people in each."""

    name = "segments"
    path = "/segments"
    params = {"include_count": "true"}
    records = "segments"
    component = "segment"


class ContactAttributes(List):
    """The definitions of contacts' attributes, custom and built-in, archived ones too."""

    name = "contact_attributes"
    path = "/data_attributes"
    params = {"model": "contact", "include_archived": "true"}
    component = "data_attribute"
    primary_keys = ("full_name",)


class CompanyAttributes(List):
    """The definitions of companies' attributes, custom and built-in, archived ones too."""

    name = "company_attributes"
    path = "/data_attributes"
    params = {"model": "company", "include_archived": "true"}
    component = "data_attribute"
    primary_keys = ("full_name",)


class ActivityLogs(Windows):
    """Who changed what in the workspace's settings, and when."""

    name = "activity_logs"
    path = "/admins/activity_logs"
    params = {"per_page": 250}
    records = "activity_logs"
    component = "activity_log"
    replication_key = "created_at"
