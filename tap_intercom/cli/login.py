"""Who is logged in? They come, go, and are asked for."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tap_intercom.api.surroundings import look_around
from tap_intercom.audit import RunError
from tap_intercom.cli.options import connected, tap_of, with_settings
from tap_intercom.ending import Program
from tap_intercom.given import read_settings
from tap_intercom.login import auth
from tap_intercom.login.oauth import PATIENCE_SECONDS
from tap_intercom.login.tokens import write_private
from tap_intercom.settings import DECLARED

if TYPE_CHECKING:
    from tap_intercom.tap import TapIntercom


@click.command(cls=Program)
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
        click.echo(_who(tap_of(files, given, **forced)))
        return
    tap = tap_of(files, given, **forced, oauth_access_token="")
    look_around(tap.run.client.address.url)
    if logout:
        _log_out(tap)
        return
    tap.run.token.log_in(open_browser=not no_browser, patience=timeout)
    click.echo(f"Logged in. The token is in {tap.run.token.store.path}.", err=True)
    if write_config:
        _write_settings(write_config, tap)
    if show:
        click.echo(tap.run.token.token)
    click.echo(_who(tap), err=True)
    click.echo(f"Next: {_next(write_config, files, tap)}", err=True)


def _log_out(tap: TapIntercom) -> None:
    there = tap.run.token.log_out()
    app = tap.run.token.app.client_id
    click.echo(
        f"Logged out: {app} has no access to the workspace any more."
        if there
        else f"Nobody is logged in with {app}."
    )


def _who(tap: TapIntercom) -> str:
    return connected(tap.run.introduce()[0], tap)


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
    declared = DECLARED["properties"]
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
