"""What do the results look like? Draws them as SVG, for light and for dark pages.

    python benchmarks/plots.py

draws every file in `benchmarks/results/` anew. Ours has a colour, everybody else is grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from report import figure, results, titled
from serving import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Json = dict[str, Any]

PLOTS = PROJECT / "benchmarks" / "plots"
LOOKS = {
    "light": {"ink": "#1f2328", "ours": "#0969da", "other": "#afb8c1"},
    "dark": {"ink": "#f0f6fc", "ours": "#4493f8", "other": "#656c76"},
}
WIDTH, LEFT, RIGHT = 760, 250, 110
BAR, STEP, TITLE = 18, 30, 46
FONT = "-apple-system, Segoe UI, Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Bar:
    """A figure: whose it is, how long it is drawn, and what is written beside it."""

    label: str
    length: float
    beside: str
    look: str = "ours"


@dataclass(frozen=True)
class Panel:
    """Figures that can be compared."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """How much room it takes."""
        return TITLE + STEP * len(self.bars)

    def draw(self, top: int, colors: dict[str, str]) -> Iterable[str]:
        """Draw one bar below the other, all from the same start."""
        longest = max(bar.length for bar in self.bars) or 1
        yield f'<text y="{top + 26}" font-weight="600">{escape(self.title)}</text>'
        for number, bar in enumerate(self.bars):
            place = top + TITLE + STEP * number
            length = max((WIDTH - LEFT - RIGHT) * bar.length / longest, 1)
            end, line = LEFT + length + 8, place + 14
            yield f'<text x="{LEFT - 12}" y="{line}" text-anchor="end">{escape(bar.label)}</text>'
            yield f'<rect x="{LEFT}" y="{place}" width="{length:.1f}" height="{BAR}" rx="3"'
            yield f' fill="{colors[bar.look]}"/>'
            yield f'<text x="{end:.1f}" y="{line}">{escape(bar.beside)}</text>'


def svg(panels: Sequence[Panel], colors: dict[str, str], question: str) -> str:
    """Put panels below each other."""
    drawn: list[str] = []
    top = 0
    for panel in panels:
        drawn += panel.draw(top, colors)
        top += panel.height + 12
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img"'
    style = f'font-family="{FONT}" font-size="13" fill="{colors["ink"]}"'
    lines = [f"<svg {head} {style}>", f"<title>{escape(question)}</title>", *drawn, "</svg>\n"]
    return "\n".join(lines)


def compared(told: Json, found: dict[str, Json], value: str, unit: str = "") -> list[Bar]:
    """One figure of all connectors."""
    return [
        Bar(
            titled(told, name),
            one[value],
            figure(one[value]) + unit,
            "ours" if name == "ours" else "other",
        )
        for name, one in found.items()
    ]


def whole_sync(told: Json) -> list[Panel]:
    """Seconds of a first sync."""
    chosen = told["settings"]
    workspace = f"a workspace with {chosen['size']:,} contacts"
    title = f"Seconds to read {workspace}, at {chosen['latency_ms']:g} ms for each answer"
    return [Panel(title, compared(told, told["results"], "seconds", " s"))]


def records_per_second(told: Json) -> list[Panel]:
    """Records per second."""
    return [
        Panel(f"Records a second, without latency: {work}", compared(told, found, RATE))
        for work, found in told["results"].items()
    ]


def distance(told: Json) -> list[Panel]:
    """Seconds taken, and seconds possible."""
    one = told["results"]["ours"]
    possible = one["limit"]["seconds"]
    limit = Bar("the physical limit", possible, f"{figure(possible)} s", "other")
    took = compared(told, told["results"], "seconds", " s")
    return [Panel(f"Seconds for {one['calls']:,} calls", [*took, limit])]


def growth(told: Json) -> list[Panel]:
    """Memory and work, by the number of records."""
    panels = []
    for work, found in told["results"].items():
        of = {figure(one["records"]) + " records": one for one in found}
        rates = {name: one["records"] / one["cpu_seconds"] for name, one in of.items()}
        panels += [
            Panel(
                f"Peak memory: {work}",
                [Bar(name, one["peak_mb"], f"{one['peak_mb']:.0f} MB") for name, one in of.items()],
            ),
            Panel(
                f"Records for each second of CPU time: {work}",
                [Bar(name, rate, figure(rate)) for name, rate in rates.items()],
            ),
        ]
    return panels


def nothing_new(told: Json) -> list[Panel]:
    """Calls and seconds of a run with nothing new."""
    found = told["results"]
    return [
        Panel("Calls of a run with nothing new", compared(told, found, "calls")),
        Panel("Seconds of a run with nothing new", compared(told, found, "seconds", " s")),
    ]


def record_path(told: Json) -> list[Panel]:
    """Microseconds for each record, three ways."""
    labels = {
        "bound": "decoded and encoded",
        "alone": "this tap, without the SDK's loop",
        "tap": "this tap",
        "sdk": "the SDK's own way",
    }
    return [
        Panel(
            f"Microseconds for each record: {stream}",
            [
                Bar(
                    label,
                    micros[way],
                    f"{figure(micros[way])} µs",
                    "ours" if way in {"alone", "tap"} else "other",
                )
                for way, label in labels.items()
            ],
        )
        for stream, micros in (
            (name, one["microseconds_per_record"]) for name, one in told["results"].items()
        )
    ]


def soak(told: Json) -> list[Panel]:
    """Memory, open files and threads over a long run."""
    found = told["results"]["ours"]
    calls = figure(found["calls"])
    titles = {
        "memory_mb": f"Memory in the course of {calls} calls",
        "files": "Open files",
        "threads": "Threads",
    }
    shown = {"memory_mb": "{:.0f} MB"}
    return [
        Panel(
            title,
            [
                Bar(f"after {tenth} %", value, shown.get(name, "{:.0f}").format(value))
                for tenth, value in zip(
                    range(10, 101, 10), found[name]["after_each_tenth"], strict=True
                )
                if tenth in SHOWN
            ],
        )
        for name, title in titles.items()
    ]


SHOWN = {10, 40, 70, 100}
RATE = "records_per_second"
PANELS: dict[str, Callable[[Json], list[Panel]]] = {
    "whole-sync": whole_sync,
    "records-per-second": records_per_second,
    "limit": distance,
    "size": growth,
    "nothing-new": nothing_new,
    "record-path": record_path,
    "soak": soak,
}


def draw(told: Json) -> None:
    """Draw one result in both looks."""
    PLOTS.mkdir(exist_ok=True)
    name = told["benchmark"]
    for look, colors in LOOKS.items():
        drawn = svg(PANELS[name](told), colors, told["question"])
        (PLOTS / f"{name}-{look}.svg").write_text(drawn, "utf-8")


if __name__ == "__main__":
    for result in results().values():
        draw(result)
