"""A check says whose token it is, what it may read, and what a first sync takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, sync
from starting import ran
from terminal import PROGRAMS, environment, terminal

from tap_intercom import check
from tap_intercom.api.address import VERSIONS
from tap_intercom.audit import RunError
from tap_intercom.sandbox import Sandbox, running
from tap_intercom.shapes.probes import FAILED, NOT_ASKED, OK, Finding, Glimpse
from tap_intercom.streams import STREAMS
from tap_intercom.streams.workspace import Tags
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

DEFAULT = [stream.name for stream in STREAMS if stream.selected_by_default]

# What Intercom, and the sandbox, tell no total of.
UNCOUNTED = {"contact_activities", "macros"}


def checked(sandbox: Sandbox, token: str = "demo", **settings: Any) -> check.Report:
    settings = {"api_version": "Preview", **settings}  # which has all streams
    config = {"api_key": token, "api_url": sandbox.url, **settings}
    return check.checked(TapIntercom(config=config))


def found(report: check.Report) -> dict[str, Finding]:
    return {one.stream: one for one in report.findings}


@pytest.fixture(scope="module")
def report(quiet: Sandbox) -> check.Report:
    return checked(quiet, custom_object_types=CUSTOM_OBJECT_TYPES)


def test_every_stream_is_found_readable(report: check.Report) -> None:
    assert sorted(found(report)) == NAMES
    assert {one.access for one in report.findings} == {OK}
    assert {one.stream for one in report.findings if one.selected_by_default} == set(DEFAULT)


def test_records_are_those_that_there_are(report: check.Report, quiet: Sandbox) -> None:
    there = {name: len(quiet.records(name)) for name in ("contacts", "tickets", "articles")}
    assert {name: found(report)[name].glimpse.records for name in there} == there
    companies = found(report)["companies"]
    with_users = [one for one in quiet.records("companies") if one["user_count"]]
    assert companies.glimpse.records == len(with_users)
    assert companies.advice == "those without users are not counted"
    unknown = {name for name, one in found(report).items() if one.calls is None}
    assert unknown == UNCOUNTED


def test_it_asks_little_and_opens_no_scroll(quiet: Sandbox) -> None:
    quiet.reset()
    checked(quiet, custom_object_types=CUSTOM_OBJECT_TYPES)
    asked = [one["path"] for one in quiet.log()]
    assert len(asked) <= len(NAMES) + len(CUSTOM_OBJECT_TYPES)
    assert "/companies/scroll" not in asked


@pytest.mark.parametrize("whole", [False, True])
def test_the_estimate_comes_close_to_what_a_sync_takes(
    report: check.Report, quiet: Sandbox, *, whole: bool
) -> None:
    quiet.reset()
    run = sync(quiet, *(NAMES if whole else DEFAULT), custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    taken = quiet.stats()["requests"]
    assert 0.8 * taken < report.estimate(whole=whole).calls < 1.2 * taken


def finding(name: str, pages: int, details: int = 0, seconds: float = 0.1) -> Finding:
    return Finding(
        name,
        selected_by_default=True,
        access=OK,
        glimpse=Glimpse(pages=pages, details=details),
        seconds=seconds,
    )


@pytest.mark.parametrize(
    ("limit", "share", "findings", "calls", "minutes"),
    [
        (100, 1.0, [finding("a", pages=600)], 600, 1.0),  # 600 tenths of a second, or 60 seconds
        (10, 1.0, [finding("a", pages=600)], 600, 10.0),  # the limit counts
        (10, 0.5, [finding("a", pages=600)], 600, 20.0),  # half of it
        (500, 1.0, [finding("a", pages=10, details=6_000)], 6_010, 6_010 / 500 / 6),
        (10_000, 1.0, [finding("a", pages=0, details=6_000)], 6_000, 1.0),  # ten at once
        (None, 1.0, [finding("a", pages=600), finding("b", pages=600)], 1_200, 2.0),
    ],
)
def test_minutes_are_those_of_the_limit_or_of_the_latency(
    limit: int | None, share: float, findings: list[Finding], calls: int, minutes: float
) -> None:
    report = check.Report({}, limit, share, 10, findings)
    estimate = report.estimate(whole=True)
    assert estimate.calls == calls
    assert estimate.minutes == pytest.approx(minutes)


@pytest.mark.parametrize(
    ("resource", "streams", "advice"),
    [
        ("tickets", {"tickets", "ticket_parts"}, "tick read_tickets"),
        ("macros", {"macros"}, "tick read_conversations"),
        ("admins", {"admins"}, "tick read_admins"),
        ("contact_events", {"contact_events", "contact_event_summaries"}, "tick read_events"),
    ],
)
def test_a_missing_permission_is_named(
    quiet: Sandbox, resource: str, streams: set[str], advice: str
) -> None:
    report = checked(quiet, f"demo-no-permission-{resource}")
    missing = {name: one for name, one in found(report).items() if one.access == "no permission"}
    assert missing.keys() == streams
    assert {one.advice for one in missing.values()} == {advice}


def test_what_the_plan_leaves_out_is_said(quiet: Sandbox) -> None:
    report = checked(quiet, "demo-plan-activity_logs")
    assert found(report)["activity_logs"].access == "not in the plan"
    assert found(report)["contacts"].access == OK


def test_what_the_version_leaves_out_is_said_and_not_asked(quiet: Sandbox) -> None:
    quiet.reset()
    report = checked(quiet, api_version="2.14")
    newer = {
        one.name for one in STREAMS if VERSIONS.index(one.min_version) > VERSIONS.index("2.14")
    }
    left_out = {name for name, one in found(report).items() if one.access == "not in the version"}
    assert left_out == newer
    assert "needs api_version 2.16 or newer" in found(report)["macros"].advice
    assert 400 not in [one["status"] for one in quiet.log()]


def test_types_that_are_not_set_cannot_be_asked_for(quiet: Sandbox) -> None:
    one = found(checked(quiet))["custom_object_instances"]
    assert (one.access, one.advice) == ("not asked", "set custom_object_types")


def test_a_start_date_makes_it_less(quiet: Sandbox, report: check.Report) -> None:
    later = found(checked(quiet, start_date="2026-05-20T00:00:00Z"))
    for name in ("conversations", "conversation_parts", "activity_logs"):
        assert 0 < (later[name].calls or 0) <= (found(report)[name].calls or 0)
    before, after = (
        found(report)["conversations"].glimpse.records,
        later["conversations"].glimpse.records,
    )
    assert before is not None
    assert after is not None
    assert 0 < after < before


@pytest.mark.parametrize("method", ["scroll", "search", "list"])
def test_companies_are_counted_in_every_way(quiet: Sandbox, method: str) -> None:
    one = found(checked(quiet, companies_method=method))["companies"]
    assert one.access == OK
    assert one.glimpse.records
    assert one.calls


def test_a_workspace_with_next_to_nothing_in_it_is_checked() -> None:
    with running(size=1) as small:
        report = checked(small)
    assert {one.access for one in report.findings} <= {OK, NOT_ASKED}
    assert all(one.advice for one in report.findings if one.access == NOT_ASKED)


@pytest.mark.parametrize("kind", ["500", "reset", "empty", "html403"])
def test_what_fails_once_is_asked_again(quiet: Sandbox, kind: str) -> None:
    report = checked(quiet, f"demo-{kind}-once", custom_object_types=CUSTOM_OBJECT_TYPES)
    assert {one.access for one in report.findings} == {OK}


def test_pages_that_are_too_heavy_are_asked_for_smaller(quiet: Sandbox) -> None:
    contacts = found(checked(quiet, "demo-heavy-pages"))["contacts"]
    assert (contacts.access, contacts.glimpse.records) == (OK, 300)


def test_what_goes_on_failing_is_said_of_that_stream(
    quiet: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tags, "path", "/nowhere")
    report = checked(quiet)
    assert found(report)["tags"].access == FAILED
    assert found(report)["teams"].access == OK


@pytest.mark.parametrize("token", ["demo-revoked", "nonsense", "demo-down"])
def test_without_an_answer_from_me_there_is_no_report(quiet: Sandbox, token: str) -> None:
    with pytest.raises(RunError) as raised:
        checked(quiet, token)
    assert token not in raised.value.message


# As a person meets it


def settings(sandbox: Sandbox, folder: Path, token: str = "demo") -> dict[str, str]:
    return environment(folder, TAP_INTERCOM_API_KEY=token, TAP_INTERCOM_API_URL=sandbox.url)


def run(
    sandbox: Sandbox, folder: Path, *options: str, token: str = "demo"
) -> subprocess.CompletedProcess[str]:
    return ran("tap-intercom-check", *options, env=settings(sandbox, folder, token))


def test_a_person_reads_a_table(quiet: Sandbox, tmp_path: Path) -> None:
    done = run(quiet, tmp_path, token="demo-no-permission-tickets")
    assert done.returncode == 0
    assert done.stderr == ""
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("Connected as Ada Müller 0 (admin0@example.com) to the workspace")
    assert "hosted in US, time zone America/Los_Angeles." in lines[0]
    assert "Stream Access Records Calls" in lines
    assert "● contacts OK 300 2" in lines
    assert "● companies OK: those without users are not counted 234 4" in lines
    assert "● tickets no permission: tick read_tickets" in lines
    assert "The rate limit is 1,667 calls in ten seconds." in lines
    assert [line for line in lines if line.startswith("A first sync of the streams marked ●")]
    assert "demo-no-permission" not in done.stdout


def test_a_terminal_shows_it_in_colours(quiet: Sandbox, tmp_path: Path) -> None:
    # The table is on standard output, which here is a terminal's as well.
    command = f"{PROGRAMS / 'tap-intercom-check'} >&2"
    env = settings(quiet, tmp_path) | {"TERM": "xterm-256color"}
    env["PATH"] = f"{PROGRAMS}:{env['PATH']}"
    with terminal("/bin/sh", "-c", command, env=env, really=True) as person:
        code, _, shown = person.end()
    assert code == 0
    assert "\x1b[32mOK" in shown


def test_a_machine_reads_json(quiet: Sandbox, tmp_path: Path) -> None:
    done = run(quiet, tmp_path, "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["workspace"]["id"] == "sandbox1"
    assert told["workspace"]["timezone"] == "America/Los_Angeles"
    assert told["admin"]["email"] == "admin0@example.com"
    assert told["rate_limit"] == {"calls": 1667, "seconds": 10.0}
    assert sorted(one["stream"] for one in told["streams"]) == NAMES
    [contacts] = [one for one in told["streams"] if one["stream"] == "contacts"]
    assert contacts == {
        "stream": "contacts",
        "selected_by_default": True,
        "access": "OK",
        "advice": "",
        "records": 300,
        "calls": 2,
    }
    assert told["first_sync"]["every_stream"]["calls"] > 1_000


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_bad_token_is_exit_code_1(
    quiet: Sandbox, tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = run(quiet, tmp_path, *options, token="demo-revoked")
    assert done.returncode == 1
    said = json.loads(done.stdout)["error"] if options else done.stderr
    assert "401" in said
    assert "check api_key" in said
    assert "demo-revoked" not in done.stdout + done.stderr


def test_no_token_is_said_in_a_sentence(quiet: Sandbox, tmp_path: Path) -> None:
    done = run(quiet, tmp_path, token="")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: No token: set api_key")
