"""What came of a stream is told in a line, and in full as JSON."""

from __future__ import annotations

import json
import threading

from tap_intercom.audit import BEGUN, ENDED, Account, Gap


def ended(**facts: object) -> Account:
    return Account(progress=ENDED, **facts)  # type: ignore[arg-type]


def test_an_uneventful_stream_is_told_in_few_words() -> None:
    assert str(ended(records=1_234, calls=1)) == "1,234 records in 1 call"
    assert ended().incomplete == []


def test_whatever_happened_is_told() -> None:
    account = ended(records=1, calls=5, waited_seconds=12.3, skipped=["7"])
    account.capped |= {"8": Gap(None, None), "9": Gap("2026-01-01", "2026-02-01", 3)}
    account.retried(0)
    account.compare("10", 498, 500)
    account.compare("11", 1, 3)
    assert str(account) == (
        "1 record in 5 calls; 1 of them again; waited 12 s for the rate limit; skipped 1 parent;"
        " incomplete: 2 parents with as many rows as Intercom gives;"
        " incomplete: 499 read where Intercom counts 503"
    )
    told = json.loads(json.dumps(account.summary))
    assert told["short"] == {"10": {"read": 498, "said": 500}, "11": {"read": 1, "said": 3}}
    assert told["skipped"] == ["7"]
    assert told["capped"] == {
        "8": {"since": None, "until": None, "missing": None, "kinds": []},
        "9": {"since": "2026-01-01", "until": "2026-02-01", "missing": 3, "kinds": []},
    }


def test_a_stream_that_did_not_end_is_incomplete() -> None:
    assert Account().incomplete == ["the run ended before it did (not begun)"]
    assert Account(progress=BEGUN).incomplete == ["the run ended before it did (begun)"]
    left = Account(left_out="needs api_version 2.16 or newer.")
    assert left.incomplete == ["left out"]
    assert left.summary["left_out"] == "needs api_version 2.16 or newer."


def test_only_more_than_was_read_is_a_shortfall() -> None:
    account = ended()
    for said in (None, 2, 1, -1, "9", 9.5, True, [9]):
        account.compare("1", 2, said)
    assert account.short == {}
    account.compare("all", 2, 3)
    account.compare("all", 5, 7)  # of another list of the same stream
    assert account.short == {"all": (7, 10)}


def test_calls_are_counted_on_many_threads() -> None:
    account = Account()

    def call() -> None:
        for _ in range(2_000):
            account.called(0.5)
            account.retried(0.25)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (account.calls, account.retries, account.waited_seconds) == (16_000, 16_000, 12_000)
