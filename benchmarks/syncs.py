"""How fast is the tap, beside its peers and beside what is possible? Measures, and writes JSON.

    python benchmarks/syncs.py whole-sync          at Intercom's latency and rate limit
    python benchmarks/syncs.py records-per-second  without latency and without a rate limit
    python benchmarks/syncs.py limit               our distance from the physical limit
    python benchmarks/syncs.py size                time and memory against the number of records
    python benchmarks/syncs.py nothing-new         the cost of a run in which nothing has changed
    python benchmarks/syncs.py record-path         what a record costs, without network and start
    python benchmarks/syncs.py soak                memory, files and threads over a long run
    python benchmarks/syncs.py all                 all of them, one after the other

Each has options (`--help`) and can be run alone. It writes `benchmarks/results/NAME.json`, draws
`benchmarks/plots/NAME-light.svg` and `NAME-dark.svg`, and puts its table into docs/performance.md.

Connectors are measured as they are used: from the start of the process to its end, with all that
they write going into a file. The sandbox has one core, the connector the others. They take turns
within each round, a ratio compares two runs of one round, and every figure is a median of rounds.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plots
import report
from peers import CONNECTORS, OURS, SHARED, Connector
from record_path import record_path
from serving import allowed, served
from soak import soak
from timing import Rounds, ratio, say, summed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]

WORK = {"contacts": ("contacts",), "conversations": ("conversation_parts", "conversations")}
# The sandbox keeps no more records than this: with more, every run is like the first.
LARGE = 400_000


def whole_sync(options: argparse.Namespace) -> Json:
    """How long does a first sync take, at Intercom's latency and rate limit?"""
    rounds = Rounds(chosen(options))
    with served(options.size, **speed(options)) as sandbox:
        for _ in range(options.runs):
            rounds.turn(sandbox)
    results = rounds.results()
    for name, told in results.items():
        told["limit"] = limit(rounds.runs[name][-1].stats, **speed(options))
    return {"streams": SHARED, "left_out": rounds.left_out, "results": results}


def records_per_second(options: argparse.Namespace) -> Json:
    """How many records a second does each read, where nothing has to be waited for?"""
    results: Json = {}
    left_out: dict[str, str] = {}
    for work, size in (("contacts", options.size), ("conversations", options.conversations_size)):
        rounds = Rounds(chosen(options))
        with served(size) as sandbox:
            # In the first turn the sandbox makes its records, so it does not count.
            rounds.turn(sandbox, WORK[work])
            rounds.runs.clear()
            for _ in range(options.runs):
                rounds.turn(sandbox, WORK[work])
        results[work] = rounds.results()
        left_out |= rounds.left_out
        for told in results[work].values():
            told["records_per_second"] = round(told["records"] / told["seconds"])
    return {"streams": WORK, "left_out": left_out, "results": results}


def distance(options: argparse.Namespace) -> Json:
    """How far is the tap from the physical limit, also where headers lie about its windows?"""
    rounds, live = Rounds(), Rounds()
    with (
        served(options.size, **speed(options)) as sandbox,
        served(options.size, **speed(options), live_headers=True) as lying,
    ):
        for _ in range(options.runs):
            rounds.turn(sandbox)
            live.turn(lying)
    runs, misled = rounds.runs[OURS.name], live.runs[OURS.name]
    told = summed(runs)
    told["live_headers"] = {
        "times_true": ratio([one.seconds for one in misled], [one.seconds for one in runs]),
        "refused_by_rate_limit": summed(misled)["refused_by_rate_limit"],
    }
    told["limit"] = limit(runs[-1].stats, **speed(options))
    told["times_limit"] = round(told["seconds"] / told["limit"]["seconds"], 3)
    return {"streams": SHARED, "left_out": {}, "results": {OURS.name: told}}


def growth(options: argparse.Namespace) -> Json:
    """How do time and memory grow with the number of records?"""
    results: Json = {}
    for work, sizes in (("contacts", options.sizes), ("conversations", options.conversation_sizes)):
        results[work] = []
        for size in sizes:
            rounds = Rounds()
            with served(size) as sandbox:
                # In the first turn the sandbox makes its records; it counts only where it must.
                rounds.turn(sandbox, WORK[work])
                if sum(rounds.runs[OURS.name][0].records.values()) < LARGE:
                    rounds.runs.clear()
                    for _ in range(options.runs):
                        rounds.turn(sandbox, WORK[work])
            results[work].append({"size": size, **summed(rounds.runs[OURS.name])})
    return {"streams": WORK, "left_out": {}, "results": results}


def nothing_new(options: argparse.Namespace) -> Json:
    """What does a run cost in which nothing has changed since the last?"""
    rounds, ours = Rounds(chosen(options)), Rounds()
    with served(options.size) as sandbox:
        rounds.turn(sandbox)
        ours.turn(sandbox, None)
    first = {name: runs.pop() for name, runs in rounds.runs.items()}
    whole = ours.runs[OURS.name].pop()
    states = {name: one.state for name, one in first.items()}
    with served(options.size, **speed(options)) as sandbox:
        for _ in range(options.runs):
            rounds.turn(sandbox, states=states)
            ours.turn(sandbox, None, {OURS.name: whole.state})
    results = rounds.results()
    default_streams = summed(ours.runs[OURS.name])
    for told, one in (
        *((results[name], first[name]) for name in results),
        (default_streams, whole),
    ):
        told["calls_of_first_run"] = one.stats["requests"]
        told["records_of_first_run"] = sum(one.records.values())
    return {
        "streams": SHARED,
        "left_out": rounds.left_out,
        "results": results,
        "ours_on_default_streams": default_streams,
    }


def chosen(options: argparse.Namespace) -> list[Connector]:
    """The connectors that were asked for; ours always, and first."""
    return [one for one in CONNECTORS.values() if one is OURS or one.name in options.connectors]


def speed(options: argparse.Namespace) -> dict[str, Any]:
    """How fast the sandbox answers."""
    return {"latency_ms": options.latency_ms, "rate_limit": options.rate_limit}


# The limit


def limit(stats: Json, *, rate_limit: float, latency_ms: float) -> Json:
    """Say how fast anyone could have made these calls.

    That is, as many a minute as are allowed, or the longest chain of calls of which each needs the
    answer to the one before.
    """
    chain = longest_chain(stats["endpoints"])
    by_rate = stats["requests"] * 60 / rate_limit
    by_chain = chain * latency_ms / 1_000
    return {
        "calls": stats["requests"],
        "longest_chain": chain,
        "seconds_by_rate_limit": round(by_rate, 3),
        "seconds_by_longest_chain": round(by_chain, 3),
        "seconds": round(max(by_rate, by_chain), 3),
    }


def longest_chain(endpoints: Iterable[Json]) -> int:
    """Count the calls of the longest chain.

    A scroll has to be read page by page, and a record has to be found before it is retrieved.
    Everything else could be asked for at once: a search can be split into as many as one likes.
    """
    chain = 1
    for endpoint in endpoints:
        if endpoint["path"] == "/companies/scroll":
            chain = max(chain, endpoint["count"])
        elif "{" in endpoint["path"]:
            chain = max(chain, 2)
    return chain


# What is written


def machine() -> Json:
    """Describe where it was measured."""
    return {
        "cpu": processor(),
        "cores": len(allowed()),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def processor() -> str:
    """Name the processor."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text("utf-8") if listed.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.processor() or "unknown"


def settings(options: argparse.Namespace) -> Json:
    """The options of a measurement."""
    return {name: value for name, value in vars(options).items() if name != "benchmark"}


def command(options: argparse.Namespace) -> str:
    """Write the command that measures the same again, with every option."""
    words = ["python", "benchmarks/syncs.py", options.benchmark]
    for name, value in settings(options).items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return " ".join(words)


def measure(options: argparse.Namespace) -> None:
    """Measure one thing, write it down, draw it, and put it into the documentation."""
    measurement = MEASUREMENTS[options.benchmark]
    question = measurement.__doc__ or ""
    say(question)
    found = measurement(options)
    told = {
        "benchmark": options.benchmark,
        "question": question,
        "command": command(options),
        "settings": settings(options),
        "machine": machine(),
        "connectors": {
            one.name: {
                "title": one.title,
                "version": one.version(),
                "api_version": one.api_version,
            }
            for one in CONNECTORS.values()
        },
        **found,
    }
    report.keep(told)
    plots.draw(told)
    report.write()


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], Json]] = {
    "whole-sync": whole_sync,
    "records-per-second": records_per_second,
    "limit": distance,
    "size": growth,
    "nothing-new": nothing_new,
    "record-path": record_path,
    "soak": soak,
}


# What can be chosen


def numbers(text: str) -> list[int]:
    """Read numbers with commas between them."""
    return [int(word) for word in text.split(",")]


def names(text: str) -> list[str]:
    """Read names of connectors with commas between them."""
    unknown = set(text.split(",")) - CONNECTORS.keys()
    if unknown:
        message = f"{', '.join(sorted(unknown))} is none of {', '.join(CONNECTORS)}"
        raise argparse.ArgumentTypeError(message)
    return text.split(",")


SIZE = "number of contacts in the workspace; the rest scales with it"
ROUNDS: dict[str, tuple[Any, Any, str]] = {"runs": (int, 3, "rounds to take the median of")}
SPEED: dict[str, tuple[Any, Any, str]] = {
    "latency-ms": (float, 100.0, "what the sandbox adds to each answer"),
    "rate-limit": (int, 10_000, "calls a minute"),
}
WHO: dict[str, tuple[Any, Any, str]] = {
    "connectors": (names, list(CONNECTORS), "who is measured: ours,singer-io,airbyte"),
}
OPTIONS: dict[str, dict[str, tuple[Any, Any, str]]] = {
    "whole-sync": {**ROUNDS, "size": (int, 1_000, SIZE), **SPEED, **WHO},
    "records-per-second": {
        **ROUNDS,
        "size": (int, 10_000, "number of contacts"),
        "conversations-size": (int, 1_500, "twice the number of conversations"),
        **WHO,
    },
    "limit": {**ROUNDS, "size": (int, 10_000, SIZE), **SPEED},
    "size": {
        **ROUNDS,
        "sizes": (numbers, [1_000, 10_000, 100_000, 1_000_000], "numbers of contacts"),
        "conversation-sizes": (
            numbers,
            [200, 2_000, 20_000, 200_000],
            "twice the numbers of conversations, which have about 18 parts each",
        ),
    },
    "nothing-new": {**ROUNDS, "size": (int, 1_000, SIZE), **SPEED, **WHO},
    "record-path": {**ROUNDS, "size": (int, 5_000, SIZE)},
    # A call for each conversation: as many as 10,000 calls a minute are in half an hour.
    "soak": {"size": (int, 600_000, "twice the number of conversations")},
}


def parser() -> argparse.ArgumentParser:
    """Say which options each measurement has."""
    made = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = made.add_subparsers(dest="benchmark", required=True)
    commands.add_parser("all", help="all of them, one after the other")
    for name, measurement in MEASUREMENTS.items():
        one = commands.add_parser(name, help=measurement.__doc__)
        for option, (kind, default, told) in OPTIONS[name].items():
            one.add_argument(f"--{option}", type=kind, default=default, help=told)
    return made


def main() -> None:
    """Measure what was asked for."""
    options = parser().parse_args()
    if options.benchmark != "all":
        measure(options)
        return
    for name in MEASUREMENTS:
        measure(parser().parse_args([name]))


if __name__ == "__main__":
    main()
