"""What do the results say, in the tables of docs/performance.md?

    python benchmarks/report.py

writes the tables, which stand between markers, from the files in `benchmarks/results/`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from serving import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Json = dict[str, Any]

RESULTS = PROJECT / "benchmarks" / "results"
PAGE = PROJECT / "docs" / "performance.md"


def keep(told: Json) -> None:
    """Write a result down."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{told['benchmark']}.json"
    path.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def results() -> dict[str, Json]:
    """Read what was measured."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a table: the first column holds names, the others figures."""
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return [f"| {' | '.join(row)} |" for row in (head, marks, *rows)]


def figure(value: float) -> str:
    """Write a number as a person reads it."""
    if value >= 100:  # noqa: PLR2004 - three digits say enough
        return f"{value:,.0f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def titled(told: Json, name: str) -> str:
    """Name a connector with its version."""
    connector = told["connectors"][name]
    return f"{connector['title']} {connector['version']}"


def whole_sync(told: Json) -> list[str]:
    """Time, calls and records of a first sync, and records per stream."""
    found = told["results"]
    head = ["", "Seconds", "Times ours", "Calls", "In flight", "429s", "Records"]
    rows = [
        [
            titled(told, name),
            figure(one["seconds"]),
            figure(one["times_ours"]),
            figure(one["calls"]),
            figure(one["most_calls_in_flight"]),
            figure(one["refused_by_rate_limit"]),
            figure(one["records"]),
        ]
        for name, one in found.items()
    ]
    per_stream = [
        [
            f"`{stream}`",
            *(figure(one["records_per_stream"].get(stream, 0)) for one in found.values()),
        ]
        for stream in told["streams"]
    ]
    titles = [told["connectors"][name]["title"] for name in found]
    return [*table(head, rows), "", *table(["Records", *titles], per_stream)]


def records_per_second(told: Json) -> list[str]:
    """Records per second, CPU and memory."""
    head = ["", "Records", "Records/s", "Times ours", "CPU seconds", "Peak memory"]
    lines: list[str] = []
    for work, found in told["results"].items():
        head[0] = ", ".join(f"`{stream}`" for stream in told["streams"][work])
        rows = [
            [
                titled(told, name),
                figure(one["records"]),
                figure(one["records_per_second"]),
                figure(one["times_ours"]),
                figure(one["cpu_seconds"]),
                f"{one['peak_mb']:.0f} MB",
            ]
            for name, one in found.items()
        ]
        lines += [*table(head, rows), ""]
    return lines[:-1]


def distance(told: Json) -> list[str]:
    """How far our tap is from the limit."""
    one = told["results"]["ours"]
    possible = one["limit"]
    rows = [
        ["Calls", figure(one["calls"])],
        ["Seconds, by the rate limit", figure(possible["seconds_by_rate_limit"])],
        ["Calls in the longest chain", figure(possible["longest_chain"])],
        ["Seconds, by the longest chain", figure(possible["seconds_by_longest_chain"])],
        ["Seconds that the tap took", figure(one["seconds"])],
        ["Times the limit", figure(one["times_limit"])],
        ["Calls refused by the rate limit", figure(one["refused_by_rate_limit"])],
    ]
    if live := one.get("live_headers"):
        rows += [
            ["Times that, where headers lie as seen live", figure(live["times_true"])],
            ["Calls refused then", figure(live["refused_by_rate_limit"])],
        ]
    return table(["", "Figure"], rows)


def size(told: Json) -> list[str]:
    """Time and memory by the number of records."""
    head = ["", "Records", "Seconds", "Records/s", "CPU seconds", "Peak memory"]
    lines: list[str] = []
    for work, found in told["results"].items():
        rows = [
            [
                ", ".join(f"`{stream}`" for stream in told["streams"][work]),
                figure(one["records"]),
                figure(one["seconds"]),
                figure(one["records"] / one["seconds"]),
                figure(one["cpu_seconds"]),
                f"{one['peak_mb']:.0f} MB",
            ]
            for one in found
        ]
        lines += [*table(head, rows), ""]
    return lines[:-1]


def nothing_new(told: Json) -> list[str]:
    """Calls and time of a run with nothing new."""
    head = ["", "Seconds", "Times ours", "Calls", "Records again", "Calls, first run"]
    found = {titled(told, name): one for name, one in told["results"].items()}
    found["this tap, all streams that are on by default"] = told["ours_on_default_streams"]
    rows = [
        [
            title,
            figure(one["seconds"]),
            figure(one["times_ours"]) if "times_ours" in one else "",
            figure(one["calls"]),
            figure(one["records"]),
            figure(one["calls_of_first_run"]),
        ]
        for title, one in found.items()
    ]
    return table(head, rows)


def record_path(told: Json) -> list[str]:
    """Microseconds for each record, in several ways."""
    ways = {
        "bound": "decoded and encoded",
        "looked_at": "decoded and looked at",
        "alone": "decoded, looked at and written as a line",
        "tap": "the same, in the SDK's loop: this tap",
        "sdk": "the SDK's own way",
    }
    found = told["results"]
    head = [
        "",
        *(f"`{stream}`, {one['bytes_per_record']:,} bytes" for stream, one in found.items()),
    ]
    rows = [
        [
            title,
            *(
                f"{figure(one['microseconds_per_record'][way])} µs ({one['times_bound'][way]:.2f})"
                for one in found.values()
            ),
        ]
        for way, title in ways.items()
    ]
    return table(head, rows)


def soak(told: Json) -> list[str]:
    """What a long run has, early and late."""
    found = told["results"]["ours"]
    head = ["", "After a tenth", "Peak since then", "At the end"]
    titles = {"memory_mb": "Memory, MB", "files": "Open files", "threads": "Threads"}
    rows = []
    for name, title in titles.items():
        tenths = found[name]["after_each_tenth"]
        values = (tenths[0], found[name]["peak"], tenths[-1])
        rows.append([title, *(f"{value:.0f}" for value in values)])
    calls, seconds = figure(found["calls"]), figure(found["seconds"])
    return [
        f"{calls} calls, {figure(found['records'])} records, {seconds} seconds.",
        "",
        *table(head, rows),
    ]


TABLES: dict[str, Callable[[Json], list[str]]] = {
    "whole-sync": whole_sync,
    "records-per-second": records_per_second,
    "limit": distance,
    "size": size,
    "nothing-new": nothing_new,
    "record-path": record_path,
    "soak": soak,
}


def section(told: Json) -> str:
    """Everything between two markers: the table, who is missing, and how it was measured."""
    lines = [*TABLES[told["benchmark"]](told), ""]
    for name, reason in told["left_out"].items():
        lines += [f"{told['connectors'][name]['title']} is not in it: {reason}.", ""]
    where = "{cores} cores of {cpu} with Python {python}".format(**told["machine"])
    lines += [
        f"Measured on {where} by",
        "",
        f"```sh\n{told['command']}\n```",
    ]
    return "\n".join(lines) + "\n"


def filled(page: str, found: dict[str, Json]) -> str:
    """Put the tables of all results between their markers."""
    for name, told in found.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = section(told)
        page, places = between.subn(lambda mark, text=text: mark[1] + text + mark[2], page)  # type: ignore[misc]
        if places != 1:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
    return page


def write() -> None:
    """Renew the page."""
    PAGE.write_text(filled(PAGE.read_text("utf-8"), results()), "utf-8")


if __name__ == "__main__":
    write()
