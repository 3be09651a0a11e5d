"""What the benchmarks report is what they have measured."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tap_intercom.streams import STREAMS

peers, plots, report, rerouted, syncs, timing = map(
    import_module, ("peers", "plots", "report", "rerouted", "syncs", "timing")
)
RESULTS: dict[str, dict[str, Any]] = report.results()


# Reading what connectors write


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"RECORD","stream":"tags","record":{"id":"1"}}\n',
        b'{"type": "RECORD", "stream": "tags", "record": {"id": "1"}}\n',
        b'{"type":"RECORD","record":{"stream":"tags","data":{"id":"1"},"emitted_at":1}}\n',
    ],
    ids=["ours", "singer-io", "airbyte"],
)
def test_records_are_counted_as_each_connector_writes_them(line: bytes) -> None:
    other = (
        b'{"type":"LOG","log":{"message":"{\\"type\\":\\"RECORD\\",\\"stream\\":\\"tags\\"}"}}\n'
    )
    assert timing.Written.read([line, other, line]).records == Counter(tags=2)


def test_a_singer_state_is_the_last() -> None:
    lines = [b'{"type":"STATE","value":{"a":%d}}' % number for number in range(3)]
    assert peers.OURS.state(timing.Written.read(lines).states) == {"a": 2}
    assert peers.OURS.state([]) is None


def test_an_airbyte_state_is_the_last_of_each_stream_that_is_incremental() -> None:
    def state(stream: str, value: int) -> dict[str, Any]:
        descriptor = {"name": stream, "namespace": None}
        return {
            "type": "STREAM",
            "stream": {"stream_descriptor": descriptor, "stream_state": {"updated_at": value}},
        }

    told = [state("contacts", 1), state("segments", 2), state("contacts", 3), state("tags", 4)]
    told[3]["stream"]["stream_state"] = {"__ab_full_refresh_sync_complete": True}
    lines = [json.dumps({"type": "STATE", "state": one}).encode() for one in told]
    assert peers.AIRBYTE.state(timing.Written.read(lines).states) == [told[2], told[1]]


# Bringing peers to the sandbox


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("https://api.intercom.io/tags?per_page=150", "http://sandbox/tags"),
        ("https://api.intercom.io/tags", "http://sandbox/tags"),
        ("https://api.intercom.io/contacts?per_page=60", "http://sandbox/contacts?per_page=60"),
        (
            "http://sandbox/data_attributes?model=x&per_page=5",
            "http://sandbox/data_attributes?model=x",
        ),
    ],
)
def test_addresses_are_rerouted(asked: str, sent: str) -> None:
    assert rerouted.address(asked, "http://sandbox") == sent


def test_a_search_keeps_what_it_asks_for() -> None:
    def either(field: str, value: object) -> dict[str, Any]:
        return {
            "operator": "OR",
            "value": [{"field": field, "operator": sign, "value": value} for sign in (">", "=")],
        }

    since = either("updated_at", 5)
    page = {"per_page": 150, "page": 2, "starting_after": "x"}
    body = {"query": {"operator": "AND", "value": [either("id", ""), since]}, "pagination": page}
    assert rerouted.search(body) == {
        "query": {"operator": "AND", "value": [since]},
        "pagination": {"per_page": 150, "starting_after": "x"},
    }
    resumed = {"query": {"operator": "AND", "value": [either("id", "7"), since]}}
    assert rerouted.search(json.loads(json.dumps(resumed))) == resumed
    assert rerouted.search({"query": dict(since)}) == {"query": since}


# Figures


def test_a_ratio_compares_runs_of_one_round() -> None:
    assert timing.ratio([2, 9, 30], [1, 3, 10]) == 3
    assert timing.ratio([4, 6], [2, 2]) == 2.5


def test_a_summary_has_the_median_of_times_and_the_highest_peak() -> None:
    def run(seconds: float, peak: float) -> Any:
        stats = {"requests": 3, "max_in_flight": 2, "rate_limited": 1}
        return timing.Run(seconds, seconds / 2, peak, Counter(tags=4, teams=1), stats)

    told = timing.summed([run(1, 40), run(9, 60), run(2, 50)])
    assert (told["seconds"], told["cpu_seconds"], told["peak_mb"]) == (2, 1, 60)
    assert (told["calls"], told["refused_by_rate_limit"], told["records"]) == (3, 3, 5)


def test_the_limit_is_the_larger_of_rate_and_chain() -> None:
    def stats(**counts: int) -> dict[str, Any]:
        paths = {"scroll": "/companies/scroll", "search": "/contacts/search", "one": "/x/{id}"}
        rows = [{"path": paths[name], "count": number} for name, number in counts.items()]
        return {"requests": sum(counts.values()), "endpoints": rows}

    def limit(**counts: int) -> tuple[int, float]:
        told = syncs.limit(stats(**counts), rate_limit=600, latency_ms=1_000)
        return told["longest_chain"], told["seconds"]

    assert limit(search=5) == (1, 1)
    assert limit(search=5, one=5) == (2, 2)
    assert limit(search=50, scroll=7) == (7, 7)
    assert limit(search=50, scroll=2, one=48) == (2, 10)


def test_the_command_of_a_result_measures_the_same_again() -> None:
    given = ["size", "--runs", "2", "--sizes", "10,1000000"]
    options = syncs.parser().parse_args(given)
    again = syncs.command(options).split()[2:]
    assert syncs.parser().parse_args(again) == options


# What is written


@pytest.mark.parametrize("name", syncs.MEASUREMENTS)
def test_every_measurement_has_a_result_a_table_and_plots(name: str) -> None:
    told = RESULTS[name]
    options = syncs.parser().parse_args(told["command"].split()[2:])
    assert syncs.settings(options) == told["settings"]
    for look, colors in plots.LOOKS.items():
        drawn = (plots.PLOTS / f"{name}-{look}.svg").read_text("utf-8")
        assert drawn == plots.svg(plots.PANELS[name](told), colors, told["question"])
        assert ET.fromstring(drawn).tag.endswith("svg")


def test_tables_of_the_documentation_come_from_the_results() -> None:
    page = report.PAGE.read_text("utf-8")
    assert report.filled(page, RESULTS) == page, "run `python benchmarks/report.py`"


def test_who_is_left_out_is_said() -> None:
    told = {**RESULTS["limit"], "left_out": {"airbyte": "needs Python below 3.12"}}
    assert "airbyte-source-intercom is not in it: needs Python below 3.12." in report.section(told)


@pytest.mark.parametrize("peer", [peers.SINGER_IO, peers.AIRBYTE], ids=lambda peer: peer.name)
def test_peers_are_pinned(peer: Any) -> None:
    assert peer.version()[0].isdigit()


def test_the_shared_streams_are_streams_of_ours() -> None:
    assert set(peers.SHARED) <= {stream.name for stream in STREAMS}
