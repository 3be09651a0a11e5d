"""What is there to fetch of the workspace itself: who works in it, and how it is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from typing_extensions import override

from tap_intercom.paginators import Request
from tap_intercom.shapes import FanOut, Feed, List, Page, Singleton, Windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

READ_ADMINS = "read_admins"
READ_USERS = "read_users_companies"


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
    workspace = me.get("app") or {}
    if not isinstance(workspace, dict):
        return {"admin": me}
    me.pop("app", None)
    return {**workspace, "id": workspace.get("id_code"), "admin": me}


class Admins(List):
    """The teammates, with their roles, teams and away modes."""

    name = "admins"
    permission = READ_ADMINS
    path = "/admins"
    params = {"display_avatar": "true"}
    records = "admins"
    component = "admin"


class Teams(List):
    """The teams, with the ids of their members."""

    name = "teams"
    noun = "team"
    permission = READ_ADMINS
    path = "/teams"
    records = "teams"
    component = "team"


class TeamMetrics(FanOut):
    """How many open, idle and snoozed conversations each teammate of a team has at the moment."""

    name = "team_metrics"
    of = Teams
    permission = READ_ADMINS
    path = "/teams/{id}/metrics"
    component = "team_metric"
    primary_keys = ("team_id", "admin_id")
    min_version = "2.16"
    selected_by_default = False


class AwayStatusReasons(List):
    """The reasons that teammates can give for being away, deleted ones too."""

    name = "away_status_reasons"
    permission = READ_ADMINS
    path = "/away_status_reasons"
    component = "away_status_reason"
    min_version = "2.14"


class Tags(List):
    """The tags that contacts, companies and conversations can carry."""

    name = "tags"
    permission = "read_tags"
    path = "/tags"
    component = "tag"


class Segments(List):
    """The segments, with the number of people in each."""

    name = "segments"
    permission = READ_USERS
    path = "/segments"
    params = {"include_count": "true"}
    records = "segments"
    component = "segment"


class SubscriptionTypes(List):
    """The kinds of message that people can opt in to or out of, with their translations."""

    name = "subscription_types"
    permission = "reading subscription types"
    path = "/subscription_types"
    component = "subscription_type"
    min_version = "2.7"


class ContactAttributes(List):
    """The definitions of contacts' attributes, custom and built-in, archived ones too."""

    name = "contact_attributes"
    permission = READ_USERS
    path = "/data_attributes"
    params = {"model": "contact", "include_archived": "true"}
    component = "data_attribute"
    primary_keys = ("full_name",)


class CompanyAttributes(List):
    """The definitions of companies' attributes, custom and built-in, archived ones too."""

    name = "company_attributes"
    permission = READ_USERS
    path = "/data_attributes"
    params = {"model": "company", "include_archived": "true"}
    component = "data_attribute"
    primary_keys = ("full_name",)


class Brands(List):
    """The brands that the workspace writes as."""

    name = "brands"
    permission = "reading brands"
    path = "/brands"
    component = "brand"
    min_version = "2.15"


class Emails(List):
    """The email addresses that the workspace sends from, and whether they are verified."""

    name = "emails"
    permission = "reading email settings"
    path = "/emails"
    component = "email_setting"
    min_version = "2.15"


class OfficeHoursSchedules(List):
    """The office hours of the workspace and its teams."""

    name = "office_hours_schedules"
    noun = "office_hours_schedule"
    permission = "read_write_office_hours"
    path = "/office_hours_schedules"
    component = "office_hours_schedule"
    min_version = "2.16"


class OfficeHoursExceptions(FanOut):
    """The days on which a schedule of office hours does not hold."""

    name = "office_hours_exceptions"
    of = OfficeHoursSchedules
    permission = OfficeHoursSchedules.permission
    path = "/office_hours_schedules/{id}/office_hours_exceptions"
    component = "office_hours_exception"
    primary_keys = ("office_hours_schedule_id", "id")
    min_version = "2.16"
    selected_by_default = False


class ActivityLogs(Windows):
    """Who changed what in the workspace's settings, and when."""

    name = "activity_logs"
    permission = "“Read admin activity logs”"
    path = "/admins/activity_logs"
    params = {"per_page": 250}
    records = "activity_logs"
    component = "activity_log"
    replication_key = "created_at"


class ActivityLogEventTypes(List):
    """The kinds of event that activity logs can hold."""

    name = "activity_log_event_types"
    permission = ActivityLogs.permission
    path = "/admins/activity_log_event_types"
    records = "event_types"
    bare = "event_type"
    component = "activity_log_event_type"
    primary_keys = ("event_type",)
    min_version = "2.16"
    selected_by_default = False


class DataConnectors(List):
    """The connections to other systems that Fin and workflows can call."""

    name = "data_connectors"
    noun = "data_connector"
    permission = "reading data connectors"
    path = "/data_connectors"
    params = {"per_page": 50}
    component = "data_connector"
    replication_key = "updated_at"
    newest_first = True
    min_version = "2.16"
    selected_by_default = False


class DataConnectorExecutions(Feed):
    """Each call that a data connector made: when, for which conversation, and how it ended."""

    name = "data_connector_executions"
    of = DataConnectors
    permission = DataConnectors.permission
    path = "/data_connectors/{id}/execution_results"
    params = {"per_page": 30}
    span_params = ("start_ts", "end_ts")
    component = "data_connector_execution_result"
    primary_keys = ("data_connector_id", "id")
    replication_key = "created_at"
    min_version = "2.16"
    selected_by_default = False


class IpAllowlist(Singleton):
    """The addresses from which teammates may log in."""

    name = "ip_allowlist"
    permission = "reading the IP allowlist"
    path = "/ip_allowlist"
    component = "ip_allowlist"
    primary_keys = ("workspace_id",)
    min_version = "2.14"
    selected_by_default = False

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        for page in super().pages(since):
            workspace_id = self.connection.workspace_id
            yield Page([{**one, "workspace_id": workspace_id} for one in page.records])


class CustomObjectInstances(List):
    """The custom objects of the types that the setting `custom_object_types` names."""

    name = "custom_object_instances"
    permission = "reading custom object instances"
    path = "/custom_object_instances/{type}"
    params = {"per_page": 150}
    component = "custom_object_instance"
    primary_keys = ("type", "id")
    replication_key = "updated_at"
    min_version = "2.16"
    selected_by_default = False

    @override
    def requests(self) -> Iterator[Request]:
        for one in self.config["custom_object_types"]:
            yield Request(self.path.format(type=quote(one, safe="")), self.query)
