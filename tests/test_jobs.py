"""An export is begun, waited for and fetched; each way in which it can go has an end."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import answer
from intercom import Intercom, answered, file, quick

from tap_intercom.api import jobs, transfer
from tap_intercom.api.client import Rules
from tap_intercom.api.errors import OF_EXPORTS, Gone, IntercomError
from tap_intercom.api.jobs import STARTS, Jobs, named, said
from tap_intercom.api.paginators import Request
from tap_intercom.audit import Account

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from tap_intercom.tap import TapIntercom

BEGIN, STATUS, FILE = "/export", "/export/job%2F1", "/download/job%2F1"
QUESTION = Request(BEGIN, {}, {"created_at_after": 1})
PENDING = answer(
    429, {"errors": [{"message": "Exceeded rate limit of 1 pending message data export jobs"}]}
)
COMPLETED = {"status": "completed"}
RULES = Rules("calls", "exporting", Account(), OF_EXPORTS)


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


class Clock:
    """A steady clock that goes on with what is slept."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.naps.append(seconds)

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(jobs, "time", clock)  # that of others goes on
    monkeypatch.setattr("time.sleep", clock.sleep)  # between tries of a call
    return clock


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    intercom = Intercom().before(tap)
    intercom.put(BEGIN, {"job_identifier": "job/1"}).put(STATUS, COMPLETED)
    return intercom.put(FILE, file(b"a,b\r\n1,2\r\n"))


@pytest.fixture
def rests() -> list[str]:
    return []


@pytest.fixture
def exports(tap: TapIntercom, rests: list[str]) -> Jobs:
    return Jobs(
        status_path="/export/{id}",
        file_path="/download/{id}",
        send=lambda request: tap.run.client.send(request, RULES),
        rules=RULES,
        minutes=2,
        rest=lambda: rests.append("x"),
    )


def content(found: IO[bytes] | None) -> bytes:
    assert found is not None
    with found:
        found.seek(0)
        return found.read()


def test_a_job_is_begun_looked_at_and_its_file_is_fetched(
    exports: Jobs, intercom: Intercom, clock: Clock, rests: list[str]
) -> None:
    assert content(exports.file(QUESTION)) == b"a,b\r\n1,2\r\n"
    assert [str(one) for one in intercom.asked] == [
        f"POST {BEGIN}",
        f"GET {STATUS}",
        f"GET {FILE}",
    ]
    assert intercom.asked[0].body == {"created_at_after": 1}
    assert clock.naps == rests == []


@pytest.mark.parametrize("status", ["completed", "complete"])
def test_a_job_that_is_under_way_is_looked_at_again_later_each_time(
    exports: Jobs, intercom: Intercom, clock: Clock, rests: list[str], status: str
) -> None:
    intercom.put(STATUS, *[{"status": "in_progress"}] * 7, {"status": status})
    content(exports.file(QUESTION))
    assert clock.naps == [1, 2, 4, 8, 16, 30, 30]
    assert len(rests) == 7  # what was written before is not held back meanwhile


@pytest.mark.parametrize(
    "odd",
    [{"status": "pending"}, {"status": None}, {"status": ["completed"]}, {}, [], "x"],
    ids=str,
)
def test_a_status_that_nobody_knows_is_no_end(
    exports: Jobs, intercom: Intercom, clock: Clock, odd: Any
) -> None:
    intercom.put(STATUS, odd, COMPLETED)
    content(exports.file(QUESTION))
    assert clock.naps == [1]


def test_waiting_ends_at_the_deadline(exports: Jobs, intercom: Intercom, clock: Clock) -> None:
    intercom.put(STATUS, {"status": "in_progress"})
    with pytest.raises(
        IntercomError,
        match=r"After 2 minutes, Intercom still says 'in_progress' of the export \(job job/1\)",
    ):
        exports.file(QUESTION)
    assert clock.naps == [1, 2, 4, 8, 16, 30, 30, 29]
    assert sum(clock.naps) == 120
    assert len(intercom.to(STATUS)) == 9  # also once when the time is over
    assert intercom.to(FILE) == []


def test_another_job_that_is_pending_is_waited_for(
    exports: Jobs, intercom: Intercom, clock: Clock, rests: list[str]
) -> None:
    begun = {"job_identifier": "job/1"}
    intercom.put(BEGIN, PENDING, PENDING, begun)
    content(exports.file(QUESTION))
    assert clock.naps == [1, 2]
    assert len(rests) == 2
    assert len(intercom.to(BEGIN)) == 3


def test_another_job_that_stays_pending_is_not_waited_for_for_ever(
    exports: Jobs, intercom: Intercom, clock: Clock
) -> None:
    intercom.put(BEGIN, PENDING)
    with pytest.raises(IntercomError, match=r"pending.* It did so for a minute\. Run again later"):
        replace(exports, minutes=1).file(QUESTION)
    assert sum(clock.naps) == 60


def test_a_429_of_the_rate_limit_is_no_pending_job(
    exports: Jobs, intercom: Intercom, clock: Clock, rests: list[str]
) -> None:
    intercom.put(BEGIN, answer(429), {"job_identifier": "job/1"})
    content(exports.file(QUESTION))
    assert len(clock.naps) == 1
    assert rests == []


def test_the_time_to_wait_is_for_all_that_is_begun(
    exports: Jobs, intercom: Intercom, clock: Clock
) -> None:
    intercom.put(BEGIN, PENDING, *[{"job_identifier": "job/1"}] * 2)
    intercom.put(STATUS, *[{"status": "x"}] * 5, {"status": "canceled"}, {"status": "x"})
    with pytest.raises(IntercomError, match="After 2 minutes"):
        exports.file(QUESTION)
    assert sum(clock.naps) == 120


@pytest.mark.parametrize(
    "body", [{}, [], None, {"job_identifier": ""}, {"job_identifier": 5}, "job"], ids=str
)
def test_an_answer_that_names_no_job_ends_it(exports: Jobs, intercom: Intercom, body: Any) -> None:
    intercom.put(BEGIN, body)
    with pytest.raises(IntercomError, match="names no job"):
        exports.file(QUESTION)
    assert len(intercom.asked) == 1


# How a job ends


def test_without_data_there_is_no_file(exports: Jobs, intercom: Intercom) -> None:
    intercom.put(STATUS, {"status": "no_data"})
    assert exports.file(QUESTION) is None
    assert intercom.to(FILE) == []


def test_a_failed_job_ends_the_run(exports: Jobs, intercom: Intercom) -> None:
    intercom.put(STATUS, {"status": "failed"})
    with pytest.raises(IntercomError, match=r"calls: .*export failed \(job job/1\)"):
        exports.file(QUESTION)
    assert len(intercom.to(BEGIN)) == 1


@pytest.mark.parametrize("status", ["canceled", "cancelled"])
def test_a_job_that_somebody_canceled_is_begun_again(
    exports: Jobs, intercom: Intercom, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    intercom.put(STATUS, {"status": status}, {"status": status}, COMPLETED)
    content(exports.file(QUESTION))
    assert len(intercom.to(BEGIN)) == STARTS == 3
    assert caplog.text.count("The export was canceled (job job/1)") == 2


@pytest.mark.parametrize(
    ("path", "gone", "said"),
    [
        (STATUS, {"status": "canceled"}, "was canceled"),
        (FILE, answer(404, {}), "is no longer there to be downloaded"),
        (FILE, answer(410, {}), "is no longer there to be downloaded"),
    ],
    ids=str,
)
def test_it_is_not_begun_again_for_ever(
    exports: Jobs, intercom: Intercom, path: str, gone: Any, said: str
) -> None:
    intercom.put(path, gone)
    with pytest.raises(IntercomError, match=rf"The export {said}, 3 times \(last job job/1\)"):
        exports.file(QUESTION)
    assert len(intercom.to(BEGIN)) == 3


def test_a_file_that_is_gone_is_exported_again(exports: Jobs, intercom: Intercom) -> None:
    intercom.put(FILE, answer(404, {}), file(b"x"))
    assert content(exports.file(QUESTION)) == b"x"
    assert len(intercom.to(BEGIN)) == 2


def test_a_job_of_which_nobody_knows_may_have_a_file(exports: Jobs, intercom: Intercom) -> None:
    intercom.put(STATUS, answer(404, {}))
    assert content(exports.file(QUESTION)) == b"a,b\r\n1,2\r\n"


# The file


def test_a_file_is_asked_for_as_it_is(exports: Jobs, tap: TapIntercom, intercom: Intercom) -> None:
    headers: list[Any] = []
    send = intercom.send

    def noted(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        headers.append(request.headers)
        return send(request, **options)

    intercom.send = noted  # type: ignore[method-assign]
    packed = {"Content-Type": "application/octet-stream", "Content-Encoding": "gzip"}
    intercom.put(FILE, file(b"not gzip at all", packed))
    assert content(exports.file(QUESTION)) == b"not gzip at all"
    assert headers[-1]["Accept"] == "application/octet-stream"
    assert headers[-1]["Accept-Encoding"] == "identity"
    assert headers[0]["Accept"] == "application/json"
    assert headers[-1]["Intercom-Version"] == tap.run.client.address.version


@pytest.mark.parametrize(
    "odd",
    [
        file(b""),
        file(b"{}", {"Content-Type": "application/json; charset=utf-8"}),
        file(b"", {"Content-Type": "application/json"}),
        file(b'{"type": "error.l', {"Content-Type": "application/json"}),
        file(b"<html>", {"Content-Type": "text/html"}),
        answer(500),
        requests.ConnectionError("no route"),
    ],
    ids=["empty", "json", "no-json", "half", "page", "500", "silent"],
)
def test_what_is_not_a_file_is_asked_for_again(
    exports: Jobs, intercom: Intercom, clock: Clock, odd: Any
) -> None:
    intercom.put(FILE, odd, odd, file(b"x", {}))
    assert content(exports.file(QUESTION)) == b"x"
    assert len(clock.naps) == 2
    assert len(intercom.to(BEGIN)) == 1


def test_an_error_instead_of_a_file_is_judged_by_its_code(
    exports: Jobs, intercom: Intercom, clock: Clock
) -> None:
    gone = {"type": "error.list", "errors": [{"code": "not_found", "message": "No file."}]}
    intercom.put(
        FILE, file(json.dumps(gone).encode(), {"Content-Type": "application/json"}), file(b"x", {})
    )
    assert content(exports.file(QUESTION)) == b"x"
    assert len(intercom.to(BEGIN)) == 2  # as after a 404
    assert clock.naps == []


def test_of_a_download_that_failed_nothing_stays_in_the_file(
    exports: Jobs, intercom: Intercom
) -> None:
    page = file(b"a long page of something else", {"Content-Type": "text/html"})
    intercom.put(FILE, page, file(b"short"))
    assert content(exports.file(QUESTION)) == b"short"


def test_what_is_written_is_looked_at(exports: Jobs, intercom: Intercom) -> None:
    seen: list[int] = []

    def check(found: IO[bytes], response: requests.Response) -> None:
        seen.append(found.tell() + response.status_code)

    intercom.put(FILE, file(b""))
    assert content(replace(exports, check=check).file(QUESTION)) == b""
    assert seen == [200]


def test_a_file_that_nobody_exports_is_given_up_at_once(
    exports: Jobs, intercom: Intercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_BYTES", 5)
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 3)  # it arrives in pieces
    intercom.put(FILE, file(b"12345"))
    assert content(exports.file(QUESTION)) == b"12345"
    intercom.put(FILE, file(b"123456"))
    with pytest.raises(IntercomError, match=r"^calls: The file is larger than 5 bytes"):
        exports.file(QUESTION)
    assert len(intercom.to(FILE)) == 2


def test_a_file_that_is_not_here_when_it_is_due_is_given_up(
    exports: Jobs, intercom: Intercom
) -> None:
    def slow(asked: Any) -> requests.Response:
        response: requests.Response = file(b"x")(asked)

        def drip(*_: Any, **__: Any) -> bytes:
            raise transfer.TooSlow

        response.raw.read1 = drip
        return response

    intercom.put(FILE, slow)
    with pytest.raises(IntercomError, match="did not arrive within 2 minutes"):
        exports.file(QUESTION)
    assert len(intercom.to(FILE)) == 1


class Full(io.BytesIO):
    """A disk without room."""

    def write(self, _: Any) -> int:
        raise OSError(28, "No space left on device")


def test_a_disk_without_room_is_said_and_the_file_closed(
    exports: Jobs, intercom: Intercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Full()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full)
    with pytest.raises(IntercomError, match=r"\(No space left on device\). Make room"):
        exports.file(QUESTION)
    assert full.closed
    assert len(intercom.to(FILE)) == 1


def test_a_name_is_one_part_of_a_path() -> None:
    assert named("/a/{id}", "x/../y z") == "/a/x%2F..%2Fy%20z"
    assert (said(1), said(2)) == ("a minute", "2 minutes")


def test_what_is_not_permitted_is_not_begun_again(exports: Jobs, intercom: Intercom) -> None:
    intercom.put(BEGIN, answer(404, {}))
    with pytest.raises(Gone):
        exports.file(QUESTION)
    assert intercom.paths == [BEGIN]


def test_a_begin_that_is_answered_is_a_value(exports: Jobs, intercom: Intercom) -> None:
    intercom.put(BEGIN, answered({"job_identifier": "job/1"}))
    assert exports.begun(QUESTION, 0) == "job/1"
    assert exports.ended("job/1", 0) == "completed"


def test_no_wait_goes_beyond_the_deadline(exports: Jobs, clock: Clock) -> None:
    assert list(exports.waits(clock.now)) == []
    assert list(exports.waits(clock.now + 2.5)) == [1, 2]
    assert clock.naps == [1, 1.5]
