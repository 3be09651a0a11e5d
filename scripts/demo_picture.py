"""Draw how many conversations began in each week, and how long the median first response took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 960, 360, 60
BAR, LINE, INK = "#9db8d2", "#c2410c", "#333"


def picture(weeks: Sequence[Sequence[Any]]) -> str:
    """Write an SVG of weeks: the day each began, its conversations, and the median in hours."""
    most = max([1, *(count for _, count, _ in weeks)])
    longest = max([1.0, *(hours for _, _, hours in weeks if hours is not None)])
    step = (WIDTH - 2 * EDGE) / max(1, len(weeks))
    high = HEIGHT - 2 * EDGE
    bars, points = [], []
    for number, (week, count, hours) in enumerate(weeks):
        left, tall = EDGE + number * step, high * count / most
        bars.append(
            f'<rect x="{left + 1:.1f}" y="{HEIGHT - EDGE - tall:.1f}" width="{step - 2:.1f}"'
            f' height="{tall:.1f}" fill="{BAR}"><title>{week}: {count}</title></rect>'
        )
        if hours is not None:
            points.append(
                f"{left + step / 2:.1f},{HEIGHT - EDGE - high * float(hours) / longest:.1f}"
            )
    first, last = (weeks[0][0], weeks[-1][0]) if weeks else ("", "")
    right, bottom = WIDTH - EDGE, HEIGHT - EDGE
    frame = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' font-family="sans-serif" font-size="13" fill="{INK}">'
    )
    line = f'<polyline points="{" ".join(points)}" fill="none" stroke="{LINE}" stroke-width="2"/>'
    drawn = [
        frame,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *bars,
        line,
        f'<path d="M{EDGE} {bottom}H{right}" stroke="{INK}"/>',
        _text(EDGE, EDGE - 28, "Conversations by week (bars), and the median first response"),
        _text(EDGE, EDGE - 10, f"{most} conversations", BAR),
        _text(right, EDGE - 10, f"{longest:.1f} hours", LINE, "end"),
        _text(EDGE, bottom + 20, str(first)),
        _text(right, bottom + 20, str(last), anchor="end"),
        "</svg>\n",
    ]
    return "\n".join(drawn)


def _text(x: int, y: int, text: str, color: str = INK, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}">{text}</text>'
