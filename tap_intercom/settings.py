"""What may the user set, and can it work?

The table of all settings, and every check of them. Each problem is a sentence that names the
setting and says what it may be; none quotes a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from singer_sdk import typing as th

from tap_intercom.api.address import REGIONS, VERSIONS, url_problem
from tap_intercom.login import auth, connection_string
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError

    Settings = dict[str, Any]


DECLARED: dict[str, Any] = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType,
        secret=True,
        title="API key",
        description="The access token of your workspace.",
    ),
    th.Property(
        "access_token",
        th.StringType,
        secret=True,
        title="Access token",
        description="Another name for `api_key`, as other Intercom taps call it.",
    ),
    th.Property(
        "oauth_access_token",
        th.StringType,
        secret=True,
        title="OAuth access token",
        description="A ready OAuth token of the workspace, obtained elsewhere.",
    ),
    th.Property(
        "auth_scheme",
        th.StringType,
        allowed_values=list(auth.TOKEN_SETTINGS),
        default="NONE",
        title="Authentication",
        description="`NONE`: an access token is given. `OAUTH`: a person logs in through an "
        "app of yours.",
    ),
    th.Property(
        "oauth_client_id",
        th.StringType,
        title="OAuth client id",
        description="The client id of your app, for `OAUTH`.",
    ),
    th.Property(
        "oauth_client_secret",
        th.StringType,
        secret=True,
        title="OAuth client secret",
        description="The client secret of your app; needed to log in, not to use a stored token.",
    ),
    th.Property(
        "callback_url",
        th.StringType,
        default="http://localhost:3333",
        title="Callback URL",
        description="One of the redirect URLs of your app. The login listens there if it is an "
        "`http` address of this machine; else the answer is pasted.",
    ),
    th.Property(
        "initiate_oauth",
        th.StringType,
        allowed_values=list(auth.INITIATIONS),
        default=auth.OFF,
        title="Initiate OAuth",
        description="`OFF`: use the token that a login has stored. `GETANDREFRESH`: log in "
        "through a browser where there is none, or it has been revoked. `REFRESH`: renew it "
        "where Intercom allows, and never open a browser.",
    ),
    th.Property(
        "oauth_settings_location",
        th.StringType,
        title="Token store",
        description="The file in which logins keep their tokens, instead of one in your own "
        "data folder.",
    ),
    th.Property(
        "connection_string",
        th.StringType,
        secret=True,
        title="Connection string",
        description="These properties in one text, such as `AuthScheme=OAuth;OAuthClientId=…;`."
        " What is set by itself wins.",
    ),
    th.Property(
        "region",
        th.StringType,
        allowed_values=list(REGIONS),
        default="us",
        title="Region",
        description="Where the workspace is hosted.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description="The API's base URL, for the sandbox or a proxy; wins over `region`.",
    ),
    th.Property(
        "api_version",
        th.StringType,
        allowed_values=list(VERSIONS),
        default="2.17",
        title="API version",
        description="The version of Intercom's API to speak. Streams that need a newer one are "
        "left out.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="Leave out what changed before, in streams that are read incrementally. "
        "Without it, everything is read.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description="Leave out what changed after, in streams that are read incrementally.",
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0, maximum=366 * 86_400),
        default=600,
        title="Lookback",
        description="Read again, in the next run, what changed in these last seconds before a "
        "run began: new records can take minutes to show in Intercom's search.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=150),
        default=150,
        title="Page size",
        description="How many records to ask for at once in a search.",
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=256),
        default=32,
        title="Concurrency",
        description="How many requests may be on their way at once.",
    ),
    th.Property(
        "rate_limit_share",
        th.IntegerType(minimum=1, maximum=100),
        default=100,
        title="Share of the rate limit",
        description="Per cent of the app's rate limit that the tap may spend.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3_600),
        default=60,
        title="Request timeout",
        description="How many seconds an answer may take, to begin and to arrive whole.",
    ),
    th.Property(
        "patience_minutes",
        th.IntegerType(minimum=1, maximum=1_440),
        default=15,
        title="Patience",
        description="For how many minutes nothing at all may come from Intercom before a run "
        "gives up. One call that fails while others work is given up after ten tries or two "
        "minutes.",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="The name to send along, instead of `tap-intercom/<version>`.",
    ),
    th.Property(
        "display_as",
        th.StringType,
        allowed_values=["html", "plaintext"],
        default="html",
        title="Message bodies",
        description="The form of the bodies of conversation parts.",
    ),
    th.Property(
        "companies_method",
        th.StringType,
        allowed_values=["scroll", "search", "list"],
        default="scroll",
        title="Companies",
        description="How to read companies: `scroll` gives all; `search` (2.17) those that "
        "changed, but none without users; `list` at most 10,000.",
    ),
    th.Property(
        "export_lookback_days",
        th.IntegerType(minimum=0, maximum=730),
        default=30,
        title="Lookback of exports",
        description="Export again, in the next run, what was sent or began in these last days "
        "before a run: what people did with it later shows only then.",
    ),
    th.Property(
        "export_timeout_minutes",
        th.IntegerType(minimum=1, maximum=2_880),
        default=120,
        title="Export timeout",
        description="How long to wait for an export, also for one that is under way already.",
    ),
    th.Property(
        "custom_attributes",
        th.StringType,
        allowed_values=["open", "typed"],
        default="open",
        title="Custom attributes",
        description="`typed`: discovery asks Intercom how custom attributes of contacts, "
        "companies and conversations are defined, and declares each with its type. `open`: it "
        "asks nothing, and they pass as they are.",
    ),
    th.Property(
        "custom_object_types",
        th.ArrayType(th.StringType),
        default=[],
        title="Custom object types",
        description="The identifiers of the custom object types to read; Intercom has no list "
        "of them. One that is added later is read from the beginning.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="ACTIVATE_VERSION",
        description="After a stream that was read whole, tell the target so, that it may "
        "remove or mark what is no longer there.",
    ),
    th.Property(
        "summary_file",
        th.StringType,
        title="Summary file",
        description="Where to write, as JSON, what came of each stream: records, calls, and "
        "what is known to be missing.",
    ),
    th.Property(
        "strict",
        th.BooleanType,
        default=False,
        title="Strict",
        description="Fail, at the end of a run, also if a stream had to be left out because of "
        "permissions, plan or API version, or if rows of some parents are still to be read.",
    ),
).to_dict()


def problems(declared: dict[str, Any], config: Settings) -> list[str]:
    """Say in sentences what is wrong with settings, given their JSON Schema."""
    return [*_schema_problems(declared, config)] or [*_rules_problems(config)]


def with_connection_string(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Add what the connection string says and the settings do not; and what is wrong with it."""
    text = config.get("connection_string")
    if not isinstance(text, str):
        return config, []
    try:
        found = connection_string.settings_in(text)
    except ValueError as error:
        return config, [f"connection_string {error}."]
    explicit = {
        name: one
        for name, one in config.items()
        if one or name not in connection_string.PROPERTIES.values()
    }
    if any(explicit.get(name) for name in auth.TOKEN_SETTINGS["NONE"]):
        # A token that is set by itself takes the place of whatever the string says of one.
        for name in ("api_key", "oauth_access_token", "auth_scheme"):
            found.pop(name, None)
    return {**found, **explicit}, []


def _rules_problems(config: dict[str, Any]) -> Iterator[str]:
    """Find what JSON Schema does not: each problem a sentence."""
    yield from auth.problems(config)
    moments = {}
    for name in ("start_date", "end_date"):
        if config.get(name):
            try:
                moments[name] = times.parse(config[name])
            except ValueError:
                yield f"{name} is not a date: write it like 2026-01-31 or 2026-01-31T12:00:00Z."
    start, end = moments.get("start_date"), moments.get("end_date")
    if start and end and end < start:
        yield "end_date is before start_date, so there is nothing to fetch."
    if config.get("api_url"):
        problem = url_problem(config["api_url"], "a base URL", REGIONS["us"])
        if problem:
            yield f"api_url is {problem}."
    if not re.fullmatch(r"(?!\s)[\x20-\x7e\xa0-\xff]*", config.get("user_agent") or ""):
        yield (
            "user_agent may have the characters of Latin-1 only, no line breaks, and no space at"
            " its beginning."
        )


def _schema_problems(schema: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    """Say in sentences where the settings break their JSON Schema; never quotes a secret."""
    told = set()
    try:
        found = list(Draft202012Validator(schema).iter_errors(config))
    except AttributeError:  # where the SDK's own schema is none: of `__else__` in stream_maps
        yield "stream_maps is not right."
        return
    for error in found:
        name = ".".join(map(str, error.absolute_path))
        if name not in told:
            told.add(name)
            yield f"{name} {_demand(error)}."


def _demand(error: ValidationError) -> str:
    demand: Any = error.validator_value
    broken = str(error.validator)
    if broken == "type":
        kind = next(one for one in demand if one != "null") if isinstance(demand, list) else demand
        return f"must be {KINDS.get(kind, kind)}"
    if broken == "enum":
        return f"is {error.instance!r}, and may be " + ", ".join(str(one) for one in demand)
    limits = {"minimum": "or more", "maximum": "or less"}
    if broken in limits:
        return f"is {error.instance}, and may be {demand} {limits[broken]}"
    return (
        "is not right" if isinstance(demand, (dict, list)) else f"is not right: {broken} {demand}"
    )


KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "object": "an object",
    "string": "text (in YAML or JSON: in quotes)",
}
