"""Two runs at once do each other no harm: at one workspace, and with one store of tokens."""

from __future__ import annotations

import json
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from home import Home
from program import PATIENCE, Program
from runs import latest, sync
from starting import Started
from terminal import decide

from tap_intercom.login.tokens import TokenStore
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

HELD = "Another run or app is reading the companies, and a workspace has one scroll at a time"


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


# At one workspace


class OtherApp:
    """Another app, which begins a scroll."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = f"{sandbox.url}/companies/scroll"
        self.scroll = self.page()["scroll_param"]

    def page(self, **params: str) -> Any:
        headers = {"Authorization": "Bearer demo-other-app", "Intercom-Version": "2.17"}
        answer = requests.get(self.url, params, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read_on_to_the_end(self) -> None:
        while self.page(scroll_param=self.scroll)["data"]:
            pass


def test_two_runs_at_once_get_everything_and_wait_for_the_scroll(tmp_path: Path) -> None:
    with running(size=60) as sandbox:
        whole = sync(sandbox)
        other = OtherApp(sandbox)
        taps = [Program.start(sandbox, tmp_path / name).keep_reading() for name in ("one", "two")]
        for tap in taps:
            wait_until(lambda tap=tap: HELD in tap.log)
        other.read_on_to_the_end()
        for tap in taps:
            assert tap.end() == 0, tap.log
            assert latest(tap.run) == latest(whole)
            [line, *_] = [line for line in tap.log.splitlines() if HELD in line]
            assert "scroll_exists" in line
            assert "Other streams are read meanwhile; looking again in 5 seconds, until " in line


@pytest.mark.usefixtures("impatient")
def test_a_scroll_that_stays_held_ends_with_what_to_do(sandbox: Sandbox) -> None:
    OtherApp(sandbox)
    run = sync(sandbox, "companies", patience_minutes=1)
    assert HELD in run.failed["companies"]
    assert str(run.error) == (
        "0 streams ended; 1 failed (companies). Run again: each goes on where it stopped."
    )
    assert run.counts == {}


def test_runs_that_share_a_state_share_what_follows(tmp_path: Path) -> None:
    """Two jobs that overlap, as when one is late, both deliver what changed since."""
    with running(size=60) as sandbox:
        first = sync(sandbox)
        sandbox.advance(86_400)
        taps = [
            Program.start(sandbox, tmp_path / name, state=first.state).keep_reading()
            for name in ("one", "two")
        ]
        assert [tap.end() for tap in taps] == [0, 0], [tap.log for tap in taps]
        one, two = (latest(first, tap.run) for tap in taps)
        assert one == two == latest(first, sync(sandbox, state=first.state))


# With one store of tokens

PERSON = """
import random, sys
from tap_intercom.login.tokens import TokenStore

path, app, rounds = sys.argv[1:]
dice, store, kept = random.Random(app), TokenStore(path), {}
for number in range(int(rounds)):
    place = dice.choice(["us", "eu", "au"])
    if dice.random() < 0.4:
        store.forget(app, place)
        kept.pop(place, None)
    else:
        kept[place] = {"access_token": f"{app}-{number}"}
        store.write(app, place, kept[place])
    for place in ("us", "eu", "au"):
        assert store.read(app, place) == kept.get(place), (app, number, place)
store.write(app, "last", {"access_token": f"{app}-last"})
"""


def person(store: Path, app: str, rounds: int) -> Started:
    """Somebody who logs in and out, and looks each time what the store holds of theirs."""
    return Started(["-c", PERSON, str(store), app, str(rounds)])


def test_logins_and_logouts_at_once_lose_nothing_and_never_leave_half_a_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tokens.json"
    TokenStore(path).write("bystander", "us", {"access_token": "kept"})
    apps = ["one", "two", "three", "four"]
    people = [person(path, app, 50) for app in apps]
    killed = readings = 0
    hasty = person(path, "hasty-0", 1_000)
    while killed < 3 or any(one.poll() is None for one in people):
        told = json.loads(path.read_text())
        assert told["bystander"] == {"us": {"access_token": "kept"}}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        readings += 1
        if f"hasty-{killed}" in told:
            hasty.kill()  # in the middle of whatever it does
            hasty.wait()
            killed += 1
            hasty = person(path, f"hasty-{killed}", 1_000)
    hasty.kill()
    hasty.wait()
    assert [one.returncode for one in people] == [0] * len(apps)
    assert readings > 100
    store = TokenStore(path)
    assert all(store.read(app, "last") == {"access_token": f"{app}-last"} for app in apps)
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}


def test_two_people_who_log_in_and_out_at_once_take_turns(tmp_path: Path) -> None:
    store = tmp_path / "tokens.json"
    with running(size=20) as sandbox:
        homes = []
        for app in ("demo-app", "demo-other"):
            (tmp_path / app).mkdir()
            home = Home.of(tmp_path / app, sandbox, app)
            homes.append(home.but(oauth_settings_location=str(store)))
        with homes[0].log_in() as first:
            address = first.address()
            with homes[1].log_in() as second:
                second.wait_for("Waiting for another run, which is logging in")
                decide(address)
                decide(second.address())
                assert [first.end()[0], second.end()[0]] == [0, 0]
        told = json.loads(store.read_text())
        assert told.keys() == {"demo-app", "demo-other"}
        assert told["demo-app"] != told["demo-other"]
        assert stat.S_IMODE(store.stat().st_mode) == 0o600
        outs = [home.start("tap-intercom-login", "--logout") for home in homes]
        with outs[0] as first, outs[1] as second:
            assert [first.end()[0], second.end()[0]] == [0, 0]
    assert json.loads(store.read_text()) == {}
