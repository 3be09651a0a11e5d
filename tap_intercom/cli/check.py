"""How is what a token may read shown, to people and to programs?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from tap_intercom import check
from tap_intercom.cli.options import connected, tap_of, with_settings
from tap_intercom.ending import Program
from tap_intercom.plain import masked
from tap_intercom.shapes import probes

if TYPE_CHECKING:
    from rich.table import Table


@click.command("check", cls=Program)
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
def check_access(*, files: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Say whose token it is, which streams it may read, and what a first sync takes."""
    try:
        tap = tap_of(files, given)
        report = check.checked(tap)
    except click.ClickException as error:
        if as_json:
            click.echo(json.dumps({"error": error.message}))
            sys.exit(error.exit_code)
        raise
    if as_json:
        click.echo(masked(json.dumps(report.shown(), indent=2)))
        return
    from rich.console import Console  # noqa: PLC0415  --help and --json have no use for it

    click.echo(connected(report.me, tap))
    console = Console()
    if not console.is_terminal:
        console.width = WIDE  # a line for each stream, for whoever searches in them
    console.print(_table(report), "", highlight=False)
    click.echo(_estimates(report))


WIDE = 200


def _table(report: check.Report) -> Table:
    from rich.table import Table  # noqa: PLC0415  likewise
    from rich.text import Text  # noqa: PLC0415

    table = Table("Stream", "Access", box=None, pad_edge=False, header_style="bold")
    table.add_column("Records", justify="right")
    table.add_column("Calls", justify="right")
    for one in sorted(report.findings, key=lambda one: not one.selected_by_default):
        colour = {probes.OK: "green", probes.NOT_ASKED: "dim"}.get(one.access, "yellow")
        access = f"{one.access}: {one.advice}" if one.advice else one.access
        table.add_row(
            f"{'●' if one.selected_by_default else ' '} {one.stream}",
            Text(access, colour),  # as it is: brackets in it are no markup
            _count(one.glimpse.records),
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
