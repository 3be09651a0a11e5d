"""What may the user set, and which streams exist?"""

from __future__ import annotations

import gc
import io
import json
import os
import re
import signal
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property, partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlsplit

from click import ClickException
from jsonschema import Draft202012Validator
from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog, StateMessage
from typing_extensions import override

from tap_intercom import auth, connection_string, times
from tap_intercom.audit import Account
from tap_intercom.auth import IntercomAuthenticator
from tap_intercom.client import (
    REGIONS,
    VERSIONS,
    Connection,
    Gone,
    IntercomError,
    TokenRefused,
)
from tap_intercom.concurrency import at_once
from tap_intercom.messages import WholeLineWriter
from tap_intercom.pacing import PacedAdapter, RateLimit
from tap_intercom.shapes import Shape, at
from tap_intercom.streams import STREAMS
from tap_intercom.streams.workspace import Workspace
from tap_intercom.transfer import BoundedSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

    import click
    import requests
    from jsonschema import ValidationError
    from singer_sdk.streams import Stream

    from tap_intercom.paginators import Body, Request


class SettingsError(ConfigValidationError, ClickException):
    """The settings cannot work; each message says which one, and what it may be."""

    def __init__(self, errors: list[str]) -> None:
        """Take one sentence per setting."""
        super().__init__(" ".join(errors), errors=errors)


class RunError(ClickException):
    """A run that cannot begin, or must not count as a success."""


class TapIntercom(Tap):
    """Everything readable out of an Intercom workspace."""

    name = "tap-intercom"
    message_writer_class = WholeLineWriter

    config_jsonschema = th.PropertiesList(
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
            description="The client secret of your app; needed to log in, not to use a stored "
            "token.",
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
            description="How many seconds an answer may take, to begin and to arrive whole. A call "
            "that fails is made ten times, with waits of up to 32 seconds in between.",
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
            "of them.",
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
            description="Fail, at the end of a run, if a stream had to be left out because of "
            "permissions, plan or API version.",
        ),
    ).to_dict()

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.TEST,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @override
    def discover_streams(self) -> list[Shape]:
        return [stream(self, self.connection) for stream in STREAMS]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the bookmarks of the streams that are incremental.

        Raises:
            SettingsError: One of them is not a time.
            RunError: The state is none.
        """
        given = at("bookmarks", state) or {}
        if not isinstance(state, dict) or not isinstance(given, dict):
            raise RunError(NO_STATE)
        bookmarks = {}
        for stream in STREAMS:
            try:
                bookmarks[stream.name] = stream.adopted(given.get(stream.name) or {})
            except ValueError as error:
                msg = f"The bookmark of {stream.name} in the state is not a time: remove it, or"
                raise SettingsError([f"{msg} write it like 2026-01-31T12:00:00Z."]) from error
        super().load_state({"bookmarks": {name: one for name, one in bookmarks.items() if one}})

    # Settings

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        for path in value:
            if path != "ENV":
                read_settings(path)
        return super().cb_config(ctx, param, value)

    @classmethod
    def gathered(
        cls, files: Iterable[str], given: Mapping[str, Any], forced: Mapping[str, Any]
    ) -> TapIntercom:
        """Make a tap from files of settings, the environment and what was given: the last wins.

        What is forced wins over all of them, and over a connection string, also where it is empty.

        Raises:
            RunError: A file cannot be read.
            SettingsError: The settings cannot work.
        """
        config: dict[str, Any] = {}
        for path in files:
            if path != "ENV":  # as the tap is told, where it does not look by itself
                config |= read_settings(path)
        cls._check_environment()
        config, errors = _with_connection_string({**config, **cls._env_var_config, **given})
        if errors:
            raise SettingsError(errors)
        return cls(config={**config, "connection_string": None, **forced})

    def __init__(
        self, *args: Any, catalog: Any = None, parse_env_config: bool = False, **kwargs: Any
    ) -> None:
        """Make a tap, once settings in the environment and the catalog are seen to be readable."""
        if parse_env_config:
            self._check_environment()
        if isinstance(catalog, dict) and not isinstance(catalog, Catalog):
            catalog = _read_catalog(catalog)
        super().__init__(*args, catalog=catalog, parse_env_config=parse_env_config, **kwargs)
        super()._setup_signal_handlers()

    @override
    def _setup_signal_handlers(self) -> None:
        """Leave signals alone until there are a state and a writer; the SDK would not wait."""

    @classmethod
    @override
    def invoke(
        cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **kwargs: Any
    ) -> None:
        super().invoke(state=_checked(state), catalog=_checked(catalog), **kwargs)

    @classmethod
    def _check_environment(cls) -> None:
        prefix = cls._env_var_prefix
        for name, declared in cls.config_jsonschema["properties"].items():
            try:
                parse_environment_config({"properties": {name: declared}}, prefix)
            except ValueError as error:
                kind = next(one for one in declared["type"] if one != "null")
                msg = f"{prefix}{name.upper()} must be {KINDS.get(kind, kind)}."
                raise SettingsError([msg]) from error

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        given = {name: one for name, one in self._config.items() if one is not None}
        self._config, errors = _with_connection_string(given)
        errors += _schema_problems(self.config_jsonschema, self._config)
        errors = errors or list(_problems(self._config))
        if errors and raise_errors:
            raise SettingsError(errors)
        if errors:  # in discovery, which needs no settings
            self.logger.warning("Going on without settings: %s", " ".join(errors))
            self._config = {}
        super()._validate_config(raise_errors=raise_errors)  # fills in the defaults
        return errors

    @cached_property
    def connection(self) -> Connection:
        """The one connection of a run, not yet used."""
        url = (self.config.get("api_url") or REGIONS[self.config["region"]]).rstrip("/")
        adapter = PacedAdapter(
            RateLimit(self.config["rate_limit_share"] / 100), self.config["max_concurrency"]
        )
        session = self._session(url, adapter)
        return Connection(url, self.config["api_version"], session, adapter.waited)

    def _session(self, url: str, adapter: PacedAdapter) -> requests.Session:
        session = BoundedSession()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.auth = IntercomAuthenticator(self.config, url)
        # The SDK sends prepared requests, for which requests does not look at the environment.
        session.verify = session.merge_environment_settings(url, {}, None, None, None)["verify"]
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    # A run

    @property
    def authenticator(self) -> IntercomAuthenticator:
        """What signs the requests of the one connection."""
        return cast("IntercomAuthenticator", self.connection.session.auth)

    def connect(self) -> tuple[Body, Mapping[str, str]]:
        """Ask who the token belongs to, before any stream begins; give body and headers.

        Raises:
            RunError: The token is refused, or the host cannot be reached.
            LoginError, StoreError: There is no token.
        """
        workspace = Workspace(self, self.connection)
        workspace.account = Account()  # this call is no stream's
        workspace.max_tries = 3
        try:
            me, headers = self._introduced(workspace)
        except Gone as error:
            msg = (
                f"{error.answer} There is no Intercom API at {self.connection.url}: check api_url."
            )
            raise RunError(msg) from error
        except IntercomError as error:
            raise RunError(error.problem) from error
        with suppress(KeyError, TypeError, ValueError):
            self.connection.started_at = times.http_date(headers["Date"])
        self.connection.workspace_id = at("app.id_code", me)
        with suppress(ValueError):
            self.connection.workspace_created_at = times.parse(at("app.created_at", me))
        return me, headers

    def _introduced(self, workspace: Workspace) -> tuple[Body, Mapping[str, str]]:
        """Ask who the token belongs to, and where it is refused, again with another one if any."""
        self.authenticator.obtain()
        try:
            return workspace.check_token()
        except TokenRefused:
            if not self.authenticator.replace():
                raise
        return workspace.check_token()

    @override  # type: ignore[misc]  # final, and the SDK has no hook around a run
    def sync_all(self) -> None:
        writer = cast("WholeLineWriter", self.message_writer)
        self.write_summary("running")
        writer.end_with_target(partial(self.write_summary, "failed"))
        outcome = "failed"
        try:
            self.connect()
            self.begin()
            with rarely_collecting():
                try:
                    super().sync_all()
                finally:
                    writer.flush()
            outcome = "completed"
        finally:
            self.tell_accounts()
            self.write_summary(outcome)
        self.tell_left_out()

    def begin(self) -> None:
        """Send the first requests of all selected streams at once, those of parents included.

        So a run in which little is new takes a few round trips, not one for each stream.
        """
        openings: dict[str, tuple[Shape, Request]] = {}
        for stream in self.streams.values():
            if isinstance(stream, Shape) and stream.selected and stream.is_available:
                reader, request = stream.opens(stream.since())
                if request is not None and repr(request) in openings:
                    self.connection.shared.add(repr(request))
                elif request is not None:
                    openings[repr(request)] = (reader, request)
        futures = at_once(
            lambda opening: opening[0].begin(opening[1]),
            list(openings.values()),
            self.config["max_concurrency"],
        )
        self.connection.begun = dict(zip(openings, futures, strict=True))

    @override  # type: ignore[misc]  # likewise
    def run_sync_dry_run(
        self,
        dry_run_record_limit: int | None = 1,
        streams: Iterable[Stream] | None = None,
    ) -> bool:
        self.connect()
        done = super().run_sync_dry_run(dry_run_record_limit, streams)
        self.tell_left_out()
        return done

    @property
    def accounts(self) -> dict[str, Account]:
        """What came of each selected stream, in their order."""
        names = [stream.name for stream in self.streams.values() if stream.selected]
        return {name: self.connection.accounts[name] for name in names}

    def tell_accounts(self) -> None:
        """Say what came of each stream, in a line each."""
        for name, account in self.accounts.items():
            self.logger.info("%s: %s", name, account)

    def write_summary(self, outcome: str) -> None:
        """Write what came of each stream as JSON, where the settings say so.

        It is written before the first request, too, so that a run that is killed has not completed.

        Raises:
            RunError: It cannot be written there.
        """
        path = self.config.get("summary_file")
        if not path:
            return
        accounts = {name: account.summary for name, account in self.accounts.items()}
        summary = {
            "outcome": outcome,
            "workspace_id": self.connection.workspace_id,
            "started_at": times.text(self.connection.started_at),
            "written_at": times.text(datetime.now(times.UTC)),
            "incomplete": [name for name, one in accounts.items() if one["incomplete"]],
            "streams": accounts,
        }
        try:
            Path(path).write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
        except OSError as error:
            msg = f"summary_file cannot be written: {error.strerror}."
            raise RunError(msg) from error

    def tell_left_out(self) -> None:
        """Say which streams ended early and why, so that nobody takes them for empty.

        Raises:
            RunError: There were such, and the user is strict.
        """
        for name, reason in self.connection.left_out.items():
            self.logger.warning("Left out %s: %s", name, reason)
        if self.connection.left_out and self.config["strict"]:
            names = ", ".join(self.connection.left_out)
            msg = f"strict is set, and these streams were left out: {names}."
            raise RunError(msg)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # Ctrl-C under Meltano comes twice: from the terminal, and from Meltano.
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
        writer = cast("WholeLineWriter", self.message_writer)
        writer.between_lines(partial(self._end, signum))

    def _end(self, signum: int) -> None:
        """Write the true STATE and exit as a program does that a signal has ended.

        The SDK exits with 0, and Meltano then calls a truncated run a success. Exiting without
        Python's own farewell, as calls may be on their way in threads that would hold it up.
        """
        try:
            if self.state:
                self.write_message(StateMessage(value=self.state))
            self.write_summary("stopped")
        finally:
            os._exit(128 + signum)


NO_STATE = (
    'The state is none that a tap wrote, like {"bookmarks": {"contacts": {...}}}: hand over the'
    " last STATE that was written, or begin without one."
)

# Records are trees, and gone when they are written. The collector would look for circles in them
# all the time, and take a third of the time of a run (docs/performance.md).
COLLECT_AFTER = (100_000, 50, 100)


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Let the collector of circles run rarely."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a file of settings.

    Raises:
        RunError: It is none; the message does not quote it.
    """
    try:
        return _object(partial(Path(path).read_text, "utf-8"), path)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from error


def _object(read: Callable[[], str], path: str | Path) -> dict[str, Any]:
    """Read a file that holds an object of JSON.

    Raises:
        RunError: It is none; the message does not quote it.
    """
    try:
        found = json.loads(read())
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is not a JSON file.") from error
    if not isinstance(found, dict):
        msg = f"{path} does not hold a JSON object."
        raise RunError(msg)
    return found


def _checked(file: IO[str] | None) -> IO[str] | None:
    """Give what a file holds to be read again, once it is seen to be an object of JSON."""
    return None if file is None else io.StringIO(json.dumps(_object(file.read, file.name)))


def _read_catalog(catalog: dict[str, Any]) -> Catalog:
    """Read a catalog as the SDK does.

    Raises:
        RunError: It is none.
    """
    try:
        return Catalog.from_dict(catalog)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = "The catalog is not one of Singer's: write it anew with --discover."
        raise RunError(msg) from error


def _with_connection_string(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
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


def _problems(config: dict[str, Any]) -> Iterator[str]:
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
        yield from _url_problems(config["api_url"])
    if not re.fullmatch(r"(?!\s)[\x20-\x7e\xa0-\xff]*", config.get("user_agent") or ""):
        yield (
            "user_agent may have the characters of Latin-1 only, no line breaks, and no space at"
            " its beginning."
        )


def _url_problems(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # brackets or a port that are none
        fits = False
    if not fits or not re.fullmatch(r"[\x21-\x7e]+", url):
        yield "api_url is not a URL: write it like https://api.intercom.io."
    elif parts.username or parts.password or parts.query or parts.fragment:
        yield "api_url is more than a base URL: leave out user, password, query and fragment."


def _schema_problems(schema: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    """Say in sentences where the settings break their JSON Schema; never quotes a secret."""
    told = set()
    for error in Draft202012Validator(schema).iter_errors(config):
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
    return f"is not right: {broken} {demand}"


KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "object": "an object",
    "string": "text (in YAML or JSON: in quotes)",
}
