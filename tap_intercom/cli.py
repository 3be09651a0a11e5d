"""What do people type, beside the Singer flags?"""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tap_intercom import auth, check, connection_string
from tap_intercom.client import REGIONS
from tap_intercom.oauth import PATIENCE_SECONDS
from tap_intercom.tap import RunError, TapIntercom, read_settings
from tap_intercom.tokens import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .sandbox import Options

# Settings that can be given as options, too: whom to connect to, and as whom.
CONNECTION = ("region", "api_url", "connection_string", *connection_string.PROPERTIES.values())


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which workspace is meant."""
    declared = TapIntercom.config_jsonschema["properties"]
    for name in reversed(CONNECTION):
        choices = declared[name].get("enum")
        command = click.option(
            "--" + name.replace("_", "-"),
            type=click.Choice(choices) if choices else str,
            help=declared[name]["description"].replace("`", ""),
        )(command)
    return click.option(
        "--config",
        "files",
        multiple=True,
        metavar="FILE",
        help="A file of settings, as the tap takes it; may be repeated. What the environment says "
        "(TAP_INTERCOM_…) wins over it, and options win over both.",
    )(command)


def _tap(files: tuple[str, ...], given: Mapping[str, Any], **forced: Any) -> TapIntercom:
    """Make a tap; what goes wrong on its way is told as warnings, or in more detail if wished."""
    level = logging.getLevelName(os.environ.get("TAP_INTERCOM_LOGLEVEL", "").upper())
    known = isinstance(level, int)
    logging.basicConfig(format="%(message)s", level=level if known else logging.WARNING)
    options = {name: value for name, value in given.items() if value is not None}
    return TapIntercom.gathered(files, options, forced)


# Logging in


@click.command()
@with_settings
@click.option("--no-browser", is_flag=True, help="Show the address instead of opening a browser.")
@click.option(
    "--timeout",
    default=PATIENCE_SECONDS,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="How many seconds to wait for the answer.",
)
@click.option(
    "--write-config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what a run needs into this file of settings, beside what is there. The token stays "
    "in the token store.",
)
@click.option("--print", "show", is_flag=True, help="Print the token, and nothing else, to stdout.")
@click.option("--status", is_flag=True, help="Say who is logged in, and to which workspace.")
@click.option(
    "--logout",
    is_flag=True,
    help="Take the app out of the workspace, which voids its tokens, and forget the stored one.",
)
def login(  # noqa: PLR0913
    *,
    files: tuple[str, ...],
    no_browser: bool,
    timeout: float,
    write_config: Path | None,
    show: bool,
    status: bool,
    logout: bool,
    **given: Any,
) -> None:
    """Log in to Intercom through an app of yours, and keep the token for the runs of the tap."""
    if status and logout:
        raise click.UsageError("--status and --logout do not go together.")
    # A login is about the stored token, and nothing is asked before there is one.
    forced = {"auth_scheme": auth.OAUTH, "initiate_oauth": auth.OFF, "custom_attributes": "open"}
    if status:
        click.echo(_who(_tap(files, given, **forced)))
        return
    tap = _tap(files, given, **forced, oauth_access_token="")
    if logout:
        _log_out(tap)
        return
    tap.authenticator.log_in(open_browser=not no_browser, patience=timeout)
    click.echo(f"Logged in. The token is in {tap.authenticator.store.path}.", err=True)
    if write_config:
        _write_settings(write_config, tap)
    if show:
        click.echo(tap.authenticator.token)
    click.echo(_who(tap), err=True)
    click.echo(f"Next: {_next(write_config, files, tap)}", err=True)


def _log_out(tap: TapIntercom) -> None:
    there = tap.authenticator.log_out()
    app = tap.authenticator.app.client_id
    click.echo(
        f"Logged out: {app} has no access to the workspace any more."
        if there
        else f"Nobody is logged in with {app}."
    )


def _who(tap: TapIntercom) -> str:
    """Say in a sentence who is connected to what; never the token."""
    return _described(tap.connect()[0], tap)


def _described(me: Mapping[str, Any], tap: TapIntercom) -> str:
    app = me.get("app") or {}
    region = str(app.get("region") or "an unknown region")
    sentence = (
        f"Connected as {me.get('name')} ({me.get('email')}) to the workspace {app.get('name')}"
        f" ({app.get('id_code')}), hosted in {region}, time zone {app.get('timezone')}."
    )
    elsewhere = REGIONS.keys() - {tap.config["region"]}
    if region.lower() in elsewhere and not tap.config.get("api_url"):
        sentence += f"\nSet region to {region.lower()}, to go there straight away."
    return sentence


# What of the settings a run needs to find the token again; none of it is secret.
KEPT = (
    "auth_scheme",
    "region",
    "api_url",
    "oauth_client_id",
    "callback_url",
    "oauth_settings_location",
)


def _write_settings(path: Path, tap: TapIntercom) -> None:
    """Write the settings of a login into a file, beside what is there."""
    before = read_settings(path) if path.exists() else {}
    for name in (*KEPT, "oauth_access_token"):  # one that is set would win over the stored one
        before.pop(name, None)
    try:
        write_private(path, {**before, **_kept(tap)})
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}.") from error


def _kept(tap: TapIntercom) -> dict[str, str]:
    """Give what a run has to be told to find the token, but for what it takes for granted."""
    declared = TapIntercom.config_jsonschema["properties"]
    return {
        name: value
        for name in KEPT
        if (value := tap.config.get(name)) and value != declared[name].get("default")
    }


def _next(written: Path | None, files: tuple[str, ...], tap: TapIntercom) -> str:
    """Give the command that comes next."""
    words = ["tap-intercom-check"]
    if written:
        words += ["--config", str(written)]
    else:
        words += [word for one in files for word in ("--config", one)]
        options = {"--" + name.replace("_", "-"): value for name, value in _kept(tap).items()}
        words += [word for option in options.items() for word in option]
    return shlex.join(words)


# Checking


@click.command("check")
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
def check_access(*, files: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Say whose token it is, which streams it may read, and what a first sync takes."""
    try:
        tap = _tap(files, given)
        report = check.checked(tap)
    except click.ClickException as error:
        if as_json:
            click.echo(json.dumps({"error": error.message}))
            sys.exit(error.exit_code)
        raise
    if as_json:
        click.echo(json.dumps(report.shown(), indent=2))
        return
    click.echo(_described(report.me, tap))
    console = Console()
    if not console.is_terminal:
        console.width = WIDE  # a line for each stream, for whoever searches in them
    console.print(_table(report), "", highlight=False)
    click.echo(_estimates(report))


WIDE = 200


def _table(report: check.Report) -> Table:
    table = Table("Stream", "Access", box=None, pad_edge=False, header_style="bold")
    table.add_column("Records", justify="right")
    table.add_column("Calls", justify="right")
    for one in sorted(report.findings, key=lambda one: not one.selected_by_default):
        colour = {check.OK: "green", check.NOT_ASKED: "dim"}.get(one.access, "yellow")
        access = f"{one.access}: {one.advice}" if one.advice else one.access
        table.add_row(
            f"{'●' if one.selected_by_default else ' '} {one.stream}",
            Text(access, colour),  # as it is: brackets in it are no markup
            _count(one.records),
            _count(one.calls),
        )
    return table


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _estimates(report: check.Report) -> str:
    limit = report.calls_a_window
    lines = [
        f"The rate limit is {limit:,} calls in ten seconds."
        if limit
        else "Intercom tells no rate limit."
    ]
    for title, whole in (("the streams marked ●", False), ("all streams", True)):
        estimate = report.estimate(whole=whole)
        lines.append(
            f"A first sync of {title} takes at least {estimate.calls:,} calls,"
            f" and {_minutes(estimate.minutes)}."
        )
    return "\n".join(lines)


def _minutes(minutes: float) -> str:
    return "less than a minute" if minutes < 1 else f"{minutes:,.0f} minutes"


# The sandbox

NEEDS = frozenset({"httptools", "starlette", "uvicorn", "uvloop"})


def _instant(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time like 2026-06-01T12:00:00Z") from None
    return value


def _zone(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, ZoneInfoNotFoundError):
        raise click.BadParameter(f"{value!r} is not a time zone like Europe/Dublin") from None
    return value


def _greeting(url: str, options: Options) -> str:
    began = datetime.fromtimestamp(options.start() + options.advance, timezone.utc)
    workspace = f"{options.size:,} contacts, seed {options.seed}, at {began:%Y-%m-%d %H:%M} UTC"
    return f"""\
A simulated Intercom workspace is being served.

  URL          {url}
  Token        demo
  OAuth app    client id demo-app, client secret demo-app-secret
  Workspace    {workspace}
  What it was  {url}/__sandbox__/stats
  asked        {url}/__sandbox__/stats?log=1

Other tokens bring misfortune: demo-revoked, demo-no-permission-tickets, demo-plan-conversations,
demo-rate-limited, demo-flaky, demo-500-once, demo-reset-once, demo-hanging-once, demo-heavy-pages,
demo-scroll-breaks, demo-cursor-loop, demo-deleted-between, demo-moving, demo-down and more, listed
in tap_intercom/sandbox/misfortunes.py.

It does not imitate writes, webhooks, TLS, regions, search delays or resources without an endpoint.
Ctrl-C ends it."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=3210,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--size",
    default=300,
    show_default=True,
    type=click.IntRange(1),
    help="Number of contacts; the rest scales with it.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Which world.")
@click.option(
    "--rate-limit",
    default=10_000,
    show_default=True,
    type=click.IntRange(1),
    help="Calls a minute, counted in windows of ten seconds.",
)
@click.option(
    "--latency-ms",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Added to every answer.",
)
@click.option(
    "--clock",
    default="2026-06-01T12:00:00Z",
    show_default=True,
    callback=_instant,
    help="Where the sandbox's clock starts.",
)
@click.option(
    "--advance",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Seconds to let pass before serving.",
)
@click.option(
    "--timezone",
    default="America/Los_Angeles",
    show_default=True,
    callback=_zone,
    help="Time zone of the workspace.",
)
@click.option(
    "--scroll-expiry",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds after which an idle scroll is gone.",
)
def sandbox(host: str, port: int, **chosen: object) -> None:
    """Serve a simulated Intercom workspace, to try the tap without one of your own."""
    try:
        from .sandbox import Options, serve  # noqa: PLC0415 - an extra that may be missing
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in NEEDS:
            raise
        click.echo("The sandbox is an extra: pip install 'tap-intercom[sandbox]'", err=True)
        sys.exit(1)
    options = Options.of(**chosen)
    try:
        serve(options, host, port, lambda url: click.echo(_greeting(url, options)))
    except OSError as refused:
        click.echo(f"Cannot listen on {host} port {port}: {refused.strerror}", err=True)
        sys.exit(1)
