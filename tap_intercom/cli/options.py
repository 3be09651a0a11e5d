"""Which workspace is meant, and as whom? The options that say it, and the answer in words."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import click

from tap_intercom.api.address import REGIONS
from tap_intercom.api.bodies import at
from tap_intercom.given import PREFIX, check_logging
from tap_intercom.login import connection_string
from tap_intercom.plain import plain
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def tap_of(files: tuple[str, ...], given: Mapping[str, Any], **forced: Any) -> TapIntercom:
    """Make a tap; what goes wrong on its way is told as warnings, or in more detail if wished."""
    check_logging()
    level = os.environ.get(f"{PREFIX}LOGLEVEL") or "WARNING"
    logging.basicConfig(format="%(message)s", level=level.upper())
    options = {name: value for name, value in given.items() if value is not None}
    return TapIntercom.gathered(files, options, forced)


def connected(me: Mapping[str, Any], tap: TapIntercom) -> str:
    """Say in a sentence who is connected to what; never the token."""
    region = str(at("app.region", me) or "an unknown region")
    sentence = plain(
        f"Connected as {me.get('name')} ({me.get('email')}) to the workspace {at('app.name', me)}"
        f" ({at('app.id_code', me)}), hosted in {region}, time zone {at('app.timezone', me)}."
    )
    elsewhere = REGIONS.keys() - {tap.config["region"]}
    if region.lower() in elsewhere and not tap.config.get("api_url"):
        sentence += f"\nSet region to {region.lower()}, to go there straight away."
    return sentence
