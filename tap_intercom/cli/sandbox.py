"""What do people type to have a workspace to try the tap on? It loads no tap, and is up soon."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from tap_intercom.ending import Program

if TYPE_CHECKING:
    from tap_intercom.sandbox import Options

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

It does not imitate writes, webhooks, TLS, regions or resources without an endpoint, and a delay of
searches only with --search-lag.
Ctrl-C ends it."""


@click.command(cls=Program)
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
    "--live-headers",
    is_flag=True,
    help="Say of the rate limit what was seen live: Reset late, Remaining one too high.",
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
@click.option(
    "--search-lag",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds until searches see what is new or has changed.",
)
@click.option(
    "--pause",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds for which all goes wrong with the token demo-paused.",
)
@click.option(
    "--hang",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds after which a connection is reset that gets no answer.",
)
def sandbox(host: str, port: int, **chosen: object) -> None:
    """Serve a simulated Intercom workspace, to try the tap without one of your own."""
    try:
        from tap_intercom.sandbox import Options, serve  # noqa: PLC0415 - an extra that may be missing
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
