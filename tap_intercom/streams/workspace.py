"""What is there to fetch of the workspace itself: who works in it, and how it is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_intercom.api.paginators import Request
from tap_intercom.shapes.completed import Completed
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.feed import Feed
from tap_intercom.shapes.lists import List, Singleton, Windows
from tap_intercom.shapes.several import Several
from tap_intercom.shapes.shape import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.reach import Reach

READ_ADMINS = "read_admins"
READ_USERS = "read_users_companies"


class Workspace(Singleton):
    """The workspace and the teammate the token belongs to: name, region, time zone."""

    path = "/me"
    component = "app"

    @override
    def dig(self, body: Body) -> list[Record]:
        return [_turned_inside_out(me) for me in super().dig(body)]


def _turned_inside_out(me: dict[str, Any]) -> dict[str, Any]:
    """Make `/me`, a teammate with a workspace inside, a workspace with the teammate inside."""
    workspace = me.get("app") or {}
    if not isinstance(workspace, dict):
        return {"admin": me}
    admin = {name: value for name, value in me.items() if name != "app"}
    return {**workspace, "id": workspace.get("id_code"), "admin": admin}


class Admins(List):
    """The teammates, with their roles, teams and away modes."""

    permission = READ_ADMINS
    params = {"display_avatar": "true"}
    records = "admins"


class Teams(List):
    """The teams, with the ids of their members."""

    permission = READ_ADMINS
    records = "teams"


class TeamMetrics(FanOut):
    """How many open, idle and snoozed conversations each teammate of a team has at the moment."""

    of = Teams
    path = "/teams/{id}/metrics"
    primary_keys = ("team_id", "admin_id")
    min_version = "2.16"


class AwayStatusReasons(List):
    """The reasons that teammates can give for being away, deleted ones too."""

    permission = READ_ADMINS
    min_version = "2.14"


class Tags(List):
    """The tags that contacts, companies and conversations can carry."""

    permission = "read_tags"


class Segments(Completed):
    """The segments of people, with the number of people in each, and those of companies."""

    permission = READ_USERS
    params = {"include_count": "true"}
    records = "segments"
    # Documented for version 1 only; singer-io's tap asks it of 2.x:
    # https://github.com/singer-io/tap-intercom (company_segments).
    rest = "those of companies"
    apart_since = "2.0"

    @property
    @override
    def completing(self) -> Request:
        return Request(self.path, {**self.query, "type": "company"})


class SubscriptionTypes(List):
    """The kinds of message that people can opt in to or out of, with their translations."""

    permission = "reading subscription types"
    min_version = "2.7"


class ContactAttributes(List):
    """The definitions of contacts' attributes, custom and built-in, archived ones too."""

    permission = READ_USERS
    path = "/data_attributes"
    params = {"model": "contact", "include_archived": "true"}
    component = "data_attribute"
    primary_keys = ("full_name",)


class CompanyAttributes(List):
    """The definitions of companies' attributes, custom and built-in, archived ones too."""

    permission = READ_USERS
    path = "/data_attributes"
    params = {"model": "company", "include_archived": "true"}
    component = "data_attribute"
    primary_keys = ("full_name",)


class Brands(List):
    """The brands that the workspace writes as."""

    permission = "reading brands"
    min_version = "2.15"


class Emails(List):
    """The email addresses that the workspace sends from, and whether they are verified."""

    permission = "reading email settings"
    component = "email_setting"
    min_version = "2.15"


class OfficeHoursSchedules(List):
    """The office hours of the workspace and its teams."""

    permission = "read_write_office_hours"
    min_version = "2.16"


class OfficeHoursExceptions(FanOut):
    """The days on which a schedule of office hours does not hold."""

    of = OfficeHoursSchedules
    path = "/office_hours_schedules/{id}/office_hours_exceptions"


class ActivityLogs(Windows):
    """Who changed what in the workspace's settings, and when."""

    permission = "“Read admin activity logs”"
    path = "/admins/activity_logs"
    params = {"per_page": 250}
    records = "activity_logs"
    replication_key = "created_at"


class ActivityLogEventTypes(List):
    """The kinds of event that activity logs can hold."""

    permission = ActivityLogs.permission
    path = "/admins/activity_log_event_types"
    records = "event_types"
    bare = "event_type"
    primary_keys = ("event_type",)
    min_version = "2.16"
    selected_by_default = False


class DataConnectors(List):
    """The connections to other systems that Fin and workflows can call."""

    permission = "reading data connectors"
    params = {"per_page": 50}
    replication_key = "updated_at"
    newest_first = True
    min_version = "2.16"
    selected_by_default = False


class DataConnectorExecutions(Feed):
    """Each call that a data connector made: when, for which conversation, and how it ended."""

    of = DataConnectors
    path = "/data_connectors/{id}/execution_results"
    params = {"per_page": 30}
    span_params = ("start_ts", "end_ts")
    component = "data_connector_execution_result"
    replication_key = "created_at"


class IpAllowlist(Singleton):
    """The addresses from which teammates may log in."""

    permission = "reading the IP allowlist"
    primary_keys = ("workspace_id",)
    min_version = "2.14"
    selected_by_default = False

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        for page in super().pages(reach):
            workspace_id = self.run.workspace_id
            yield Page([{**one, "workspace_id": workspace_id} for one in page.records])


class CustomObjectInstances(Several):
    """The custom objects of the types that the setting `custom_object_types` names."""

    permission = "reading custom object instances"
    path = "/custom_object_instances/{type}"
    setting = "custom_object_types"
    called = "type"
    state_settings = {
        "custom_object_types": lambda known, now: (
            isinstance(known, list) and all(one in known for one in now)
        )
    }
    params = {"per_page": 150}
    primary_keys = ("type", "id")
    replication_key = "updated_at"
    min_version = "2.16"
    selected_by_default = False
