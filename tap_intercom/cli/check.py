"""How is what a token may read shown, to people and to programs?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tap_intercom import check
from tap_intercom.api.errors import NO_VERSION
from tap_intercom.cli.options import connected, tap_of, with_settings
from tap_intercom.ending import Program
from tap_intercom.likeness.answers import PARENTS, Answers, written
from tap_intercom.plain import masked, plain
from tap_intercom.shapes import probes

if TYPE_CHECKING:
    from rich.table import Table

    from tap_intercom.tap import TapIntercom


@click.command("check", cls=Program)
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
@click.option(
    "--shapes",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    help="Write to this file, which is overwritten, what the answers look like: fields, types and "
    "forms, and no value of the workspace's. Nothing is sent to anybody. - is standard output.",
)
def check_access(
    *, files: tuple[str, ...], as_json: bool, shapes: str | None, **given: Any
) -> None:
    """Say whose token it is, which streams it may read, and what a first sync takes."""
    if as_json and shapes == STANDARD_OUTPUT:
        raise click.UsageError("--json and --shapes - want standard output both.")
    try:
        tap = tap_of(files, given)
        report, screen = _looked(tap, shapes) if shapes else (check.checked(tap), None)
    except click.ClickException as error:
        if as_json:
            click.echo(json.dumps({"error": error.message}))
            sys.exit(error.exit_code)
        raise
    if as_json:
        click.echo(masked(json.dumps(report.shown(), indent=2)))
    elif screen is None:
        _show(report, tap)
    else:
        click.echo(screen, nl=False)


STANDARD_OUTPUT = "-"


def _show(report: check.Report, tap: TapIntercom) -> None:
    """Show a report to people."""
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


MOST_LINES = 25
# Streams that were not asked do not differ from anything.
NOT_SAID = {probes.NOT_ASKED, NO_VERSION}


def _looked(tap: TapIntercom, path: str) -> tuple[check.Report, str]:
    """Check, and write to a file what the answers look like; give what to show of it.

    Raises:
        ClickException: As of a check; or the file cannot be written.
    """
    answers = Answers(tap)
    report = check.checked(tap, PARENTS)
    text = masked(written(answers.shown(report.me, report.findings))) + "\n"
    if path == STANDARD_OUTPUT:
        return report, text
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}."
        raise click.ClickException(msg) from error
    return report, _differences(answers, report, path)


def _differences(answers: Answers, report: check.Report, path: str) -> str:
    """Say in one screen what is not as the tap expects, and where all of it is."""
    asked = [one for one in report.findings if one.access not in NOT_SAID]
    failed = {one.stream: one.access for one in asked if one.access != probes.OK}
    lines = [*answers.differences(), *(f"{name}: {access}" for name, access in failed.items())]
    lines += [
        f"{one['stream']}: Intercom answered {one['status'] or 'nothing'} ({one['said']})"
        for one in answers.refused()
        if one["stream"] in failed
    ]
    more = len(lines) - MOST_LINES
    return "\n".join(
        [
            f"{len(asked):,} streams were asked.",
            "What differs from what the tap expects:" if lines else "All is as the tap expects.",
            *(f"  {plain(line)}" for line in lines[:MOST_LINES]),
            *([f"  … and {more:,} more, which are in the file."] if more > 0 else []),
            f"What the answers look like is in {path}, without a value of the workspace's.",
            "Nothing was sent to anybody. Look through the file before you attach it to a report.",
            "",
        ]
    )
