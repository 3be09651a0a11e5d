"""A person logs in: in a browser, by pasting, during a run; or cannot, and is told why."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest
import requests
from home import APP, Home
from starting import ran
from terminal import PROGRAMS, decide, environment, free_port

from tap_intercom.sandbox import Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    with running(size=20) as one:
        yield one


@pytest.fixture
def home(tmp_path: Path, workspace: Sandbox) -> Home:
    workspace.reset()
    return Home.of(tmp_path, workspace)


def records(out: str) -> list[dict[str, Any]]:
    messages = [json.loads(line) for line in out.splitlines()]
    return [one["record"] for one in messages if one["type"] == "RECORD"]


def revoke(home: Home) -> None:
    bearer = {"Authorization": f"Bearer {home.stored['access_token']}"}
    revoked = requests.post(f"{home.sandbox.url}/auth/uninstall", headers=bearer, timeout=60)
    assert revoked.status_code == 200


# In a browser


def test_a_login_in_the_browser_stores_a_token_that_runs_use(home: Home) -> None:
    with home.log_in(really=True) as person:
        page = decide(person.address())
        code, out, shown = person.end()
    assert code == 0
    assert (page.status_code, page.url.partition("?")[0]) == (200, home.callback)
    assert "Connected" in page.text
    assert "Connected as" in shown
    assert "Sandbox" in shown
    assert "tap-intercom-check --config" in shown
    assert out == ""
    token = home.stored["access_token"]
    assert token.startswith("demo-oauth-")
    assert token not in shown

    with home.run_tap(really=True) as run:
        code, out, shown = run.end()
    assert code == 0
    assert len(records(out)) == 36
    assert {one["token"] for one in home.sandbox.log() if one["path"] == "/tags"} == {"oauth"}


def test_the_browser_is_opened_at_the_address_that_is_shown(home: Home) -> None:
    with home.log_in() as person:
        address = person.address()
        decide(address)
        assert person.end()[0] == 0
    assert (home.folder / "visited").read_text().split() == [address]
    asked = parse_qs(urlsplit(address).query)
    assert asked["client_id"] == [APP]
    assert asked["redirect_uri"] == [home.callback]
    assert len(asked["state"][0]) >= 22
    assert "secret" not in address


def test_without_a_browser_it_only_shows_the_address(home: Home) -> None:
    with home.log_in("--no-browser") as person:
        decide(person.address())
        assert person.end()[0] == 0
    assert not (home.folder / "visited").exists()


def test_each_login_has_a_state_of_its_own(home: Home) -> None:
    states = set()
    for _ in range(2):
        with home.log_in() as person:
            states.add(parse_qs(urlsplit(person.address()).query)["state"][0])
    assert len(states) == 2


def test_the_page_is_safe_and_says_nothing_secret(home: Home) -> None:
    with home.log_in() as person:
        page = decide(person.address())
        assert person.end()[0] == 0
    assert home.stored["access_token"] not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_who_denies_is_told_so_and_nothing_is_stored(home: Home) -> None:
    with home.log_in() as person:
        page = decide(person.address(), "deny")
        code, _, shown = person.end()
    assert code == 1
    assert "Not connected" in page.text
    assert "access_denied" in page.text
    assert "Access was not granted: access_denied" in shown
    assert not home.store.exists()
    assert home.exchanges() == 0


def test_only_the_answer_to_this_login_counts(home: Home) -> None:
    with home.log_in() as person:
        address = person.address()
        state = parse_qs(urlsplit(address).query)["state"][0]
        root = home.callback.removesuffix("/back")
        others = {
            f"{root}/favicon.ico": 404,
            f"{root}/": 404,
            f"{root}/back/further?{urlencode({'state': state, 'code': 'x'})}": 404,
            home.callback: 400,
            f"{home.callback}?code=x": 400,
            f"{home.callback}?{urlencode({'state': state[:-1], 'code': 'x'})}": 400,
            f"{home.callback}?{urlencode({'state': state + 'x', 'error': 'denied'})}": 400,
            f"{home.callback}?state=%ff%00&code=x": 400,
        }
        told = {url: requests.get(url, timeout=60).status_code for url in others}
        assert told == others
        assert requests.post(home.callback, data={"state": state}, timeout=60).status_code == 501
        assert home.exchanges() == 0
        assert "Connected" in decide(address).text
        assert person.end()[0] == 0
    assert home.exchanges() == 1


def test_a_browser_that_connects_and_says_nothing_is_in_nobodys_way(home: Home) -> None:
    port = urlsplit(home.callback).port
    with home.log_in() as person:
        address = person.address()
        with (
            socket.create_connection(("127.0.0.1", port)),
            socket.create_connection(("127.0.0.1", port)) as half,
        ):
            half.sendall(b"GET /back?co")
            assert "Connected" in decide(address).text
            assert person.end()[0] == 0


def test_all_addresses_of_localhost_are_listened_at(home: Home) -> None:
    port = urlsplit(home.callback).port
    found = {one[4][:2] for one in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
    with home.log_in() as person:
        person.address()
        for address in found:
            socket.create_connection(address, timeout=60).close()


def test_a_code_is_exchanged_as_it_came_and_once(home: Home) -> None:
    with home.log_in() as person:
        back = decide(person.address(), follow=False).headers["Location"]
        assert parse_qs(urlsplit(back).query)["code"][0].endswith("=")
        assert "Connected" in requests.get(back.replace("%3D", "="), timeout=60).text
        assert person.end()[0] == 0
    assert home.exchanges() == 1


def test_a_port_that_is_taken_is_said_before_a_browser_opens(home: Home) -> None:
    """On any address of localhost: who listens there might get the code."""
    port = urlsplit(home.callback).port or 0
    for family, _, _, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        with socket.create_server(address[:2], family=family), home.log_in() as person:
            code, _, shown = person.end()
        assert code == 1
        assert f"localhost port {port}" in shown
        assert "callback_url" in shown
        assert not (home.folder / "visited").exists()


def test_nobody_is_waited_for_longer_than_said(home: Home) -> None:
    with home.log_in("--timeout", "0.5") as person:
        code, _, shown = person.end()
    assert code == 1
    assert "Nobody logged in within" in shown
    assert not home.store.exists()


# The exchange


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("demo-exchange-500", "Intercom answered 500 (server_error)"),
        ("demo-exchange-html", "Intercom answered 200 without a token"),
        ("demo-exchange-empty", "Intercom answered 200 without a token"),
        ("demo-exchange-echo", "Intercom answered 400 (bad_request)"),
        ("demo-exchange-away", "Intercom answered 307"),
    ],
)
def test_an_exchange_that_fails_is_said_on_the_page_and_in_the_terminal(
    home: Home, app: str, said: str
) -> None:
    home = home.but(oauth_client_id=app, oauth_client_secret=f"{app}-secret")
    with home.log_in(TAP_INTERCOM_LOGLEVEL="DEBUG") as person:
        answer = decide(person.address(), follow=False)
        page = requests.get(answer.headers["Location"], timeout=60)
        code, out, shown = person.end()
    assert code == 1
    assert said in " ".join(shown.split())
    assert said in page.text
    [given] = parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
    for secret in (given, quote_plus(given), f"{app}-secret"):
        assert secret not in out + shown + page.text
    assert not home.store.exists()


def test_a_wrong_secret_is_said(home: Home) -> None:
    with home.but(oauth_client_secret="hush").log_in() as person:
        page = decide(person.address())
        code, _, shown = person.end()
    assert code == 1
    assert "check oauth_client_id, oauth_client_secret" in " ".join(shown.split())
    assert "hush" not in shown + page.text


def test_an_answer_in_the_last_moment_is_not_lost(home: Home) -> None:
    app = "demo-exchange-slow"
    home = home.but(oauth_client_id=app, oauth_client_secret=f"{app}-secret")
    with home.log_in("--timeout", "1.5") as person:
        page = decide(person.address())
        code, _, shown = person.end()
    assert code == 0, shown
    assert "Connected" in page.text


def test_a_token_that_does_not_count_starts_no_second_login(home: Home) -> None:
    app = "demo-exchange-void"
    home = home.but(oauth_client_id=app, oauth_client_secret=f"{app}-secret")
    with home.but(initiate_oauth="GETANDREFRESH").log_in("--no-browser") as person:
        decide(person.address())
        code, _, shown = person.end()
    assert code == 1
    assert f"The token is in {home.store}" in shown
    assert "has been revoked" in shown
    assert shown.count("/oauth?") == 1


def test_files_in_the_current_folder_are_not_run_instead_of_the_browser(home: Home) -> None:
    (home.folder / "webbrowser.py").write_text("open('trapped', 'w')")
    with home.log_in() as person:
        address = person.address()
        decide(address)
        assert person.end()[0] == 0
    assert (home.folder / "visited").read_text().split() == [address]
    assert not (home.folder / "trapped").exists()


# By pasting


def test_where_the_browser_is_elsewhere_the_address_is_pasted(home: Home) -> None:
    with home.log_in("--no-browser") as person:
        answer = decide(person.address(), follow=False)
        person.type(f"  <{answer.headers['Location']}>\n")
        code, _, shown = person.end()
    assert code == 0
    assert "Connected as" in shown
    assert home.stored["access_token"].startswith("demo-oauth-")


@pytest.mark.parametrize("callback", ["https://example.com/back", "https://localhost:3333"])
def test_an_answer_to_an_address_that_is_not_listened_at_is_pasted(
    home: Home, callback: str
) -> None:
    with home.but(callback_url=callback).log_in() as person:
        answer = decide(person.address(), follow=False)
        assert answer.headers["Location"].startswith(callback)
        person.wait_for("paste it here")
        person.type(answer.headers["Location"] + "\n")
        assert person.end()[0] == 0


def test_what_is_not_the_address_may_be_pasted_again(home: Home) -> None:
    with home.log_in("--no-browser") as person:
        answer = decide(person.address(), follow=False)
        for wrong in ("code", f"{home.callback}?code=x&state=y", "http://[", "ü"):
            before = person.shown.count("Paste it again")
            person.type(wrong + "\n")
            person.wait_for(rf"(?s)(Paste it again.*){{{before + 1}}}")
        person.type(answer.headers["Location"] + "\n")
        assert person.end()[0] == 0


def test_a_denial_can_be_pasted(home: Home) -> None:
    with home.log_in("--no-browser") as person:
        answer = decide(person.address(), "deny", follow=False)
        person.type(answer.headers["Location"] + "\n")
        code, _, shown = person.end()
    assert code == 1
    assert "Access was not granted" in shown


def test_who_leaves_the_terminal_does_not_keep_it_waiting(home: Home) -> None:
    with home.but(callback_url="https://example.com/back").log_in() as person:
        person.wait_for("paste it here")
        person.type("\x04")
        code, _, shown = person.end()
    assert code == 1
    assert "Nobody is at the terminal any more" in shown


# Where nobody can answer


@pytest.mark.parametrize("command", ["tap-intercom-login", "tap-intercom"])
def test_without_a_terminal_it_fails_at_once(home: Home, command: str) -> None:
    done = home.but(initiate_oauth="GETANDREFRESH").alone(command)
    assert done.returncode == 1
    assert "There is no terminal" in done.stderr
    assert "oauth_access_token" in done.stderr
    assert done.stdout == ""
    assert home.sandbox.log() == []


@pytest.mark.parametrize("command", ["tap-intercom-login", "tap-intercom"])
def test_in_a_ci_job_it_fails_at_once(home: Home, command: str) -> None:
    home = home.but(initiate_oauth="GETANDREFRESH")
    with home.start(command, CI="true") as job:
        code, out, shown = job.end()
    assert code == 1
    assert "CI is set" in shown
    assert out == ""
    assert home.sandbox.log() == []


def test_an_answer_that_has_to_be_pasted_needs_a_keyboard(home: Home) -> None:
    home = home.but(callback_url="https://example.com/back")
    with home.start("tap-intercom-login", has_keyboard=False) as person:
        code, _, shown = person.end()
    assert code == 1
    assert "no terminal to paste it into" in " ".join(shown.split())


def test_an_answer_to_this_machine_needs_none(home: Home) -> None:
    with home.start("tap-intercom-login", has_keyboard=False) as person:
        decide(person.address())
        code, _, shown = person.end()
    assert code == 0
    assert "paste" not in shown


def test_a_store_that_cannot_be_used_is_known_before_anybody_is_asked(home: Home) -> None:
    home.store.parent.mkdir(parents=True)
    home.store.write_text("damaged")
    with home.log_in() as person:
        code, _, shown = person.end()
    assert code == 1
    assert "does not hold tokens" in shown
    assert home.sandbox.log() == []


def test_a_login_needs_the_client_secret(home: Home) -> None:
    with home.but(oauth_client_secret=None).log_in() as person:
        code, _, shown = person.end()
    assert code == 2
    assert "oauth_client_secret is missing" in shown


# During a run


def test_a_run_logs_in_by_itself_and_the_next_one_need_not(home: Home) -> None:
    home = home.but(initiate_oauth="GETANDREFRESH")
    with home.run_tap() as run:
        decide(run.address())
        code, out, _ = run.end()
    assert code == 0
    assert len(records(out)) == 36
    assert json.loads(out.splitlines()[-1])["type"] == "STATE"

    done = home.alone("tap-intercom", "--test")
    assert done.returncode == 0
    assert home.exchanges() == 1


@pytest.mark.parametrize("initiate", ["OFF", "REFRESH"])
def test_a_run_that_may_not_says_what_to_do(home: Home, initiate: str) -> None:
    with home.but(initiate_oauth=initiate).run_tap() as run:
        code, out, shown = run.end()
    assert code == 1
    assert "No token is stored for the app demo-app" in shown
    assert "tap-intercom-login" in shown
    assert (out, home.sandbox.log()) == ("", [])


def logged_in(home: Home) -> None:
    with home.log_in() as person:
        decide(person.address())
        assert person.end()[0] == 0


def test_a_revoked_token_leads_to_a_new_login(home: Home) -> None:
    logged_in(home)
    old = home.stored["access_token"]
    revoke(home)
    with home.but(initiate_oauth="GETANDREFRESH").run_tap() as run:
        decide(run.address())
        code, out, _ = run.end()
    assert code == 0
    assert len(records(out)) == 36
    assert home.stored["access_token"] != old


@pytest.mark.parametrize("initiate", ["OFF", "REFRESH"])
def test_a_revoked_token_is_an_error_for_a_run_that_may_not_log_in(
    home: Home, initiate: str
) -> None:
    logged_in(home)
    revoke(home)
    with home.but(initiate_oauth=initiate).run_tap() as run:
        code, out, shown = run.end()
    assert code == 1
    assert "has been revoked" in shown
    assert "tap-intercom-login" in shown
    assert out == ""


def test_a_revoked_token_is_an_error_where_nobody_can_answer(home: Home) -> None:
    logged_in(home)
    revoke(home)
    done = home.but(initiate_oauth="GETANDREFRESH").alone("tap-intercom")
    assert done.returncode == 1
    assert "There is no terminal" in done.stderr
    assert done.stdout == ""


def test_a_revoked_ready_token_is_never_replaced(home: Home) -> None:
    home = home.but(initiate_oauth="GETANDREFRESH", oauth_access_token="demo-revoked")
    with home.run_tap() as run:
        code, _, shown = run.end()
    assert code == 1
    assert "check oauth_access_token" in shown
    assert "demo-revoked" not in shown


@pytest.mark.parametrize("initiate", ["REFRESH", "GETANDREFRESH"])
def test_a_token_that_can_be_renewed_is(tmp_path: Path, initiate: str) -> None:
    with running(size=10) as workspace:
        home = Home.of(tmp_path, workspace, "demo-refreshing")
        logged_in(home)
        old = home.stored
        workspace.advance(3_601)
        done = home.but(initiate_oauth=initiate).alone("tap-intercom", "--test")
        assert done.returncode == 0, done.stderr
        assert home.stored["access_token"] != old["access_token"]
        assert home.stored["refresh_token"] != old["refresh_token"]
        workspace.advance(3_601)
        done = home.but(initiate_oauth="OFF").alone("tap-intercom", "--test")
        assert done.returncode == 1
        assert "has been revoked" in done.stderr


def test_discovery_asks_with_the_stored_token(home: Home) -> None:
    logged_in(home)
    done = home.but(custom_attributes="typed").alone("tap-intercom", "--discover")
    assert done.returncode == 0
    assert "untyped" not in done.stderr
    found = {one["tap_stream_id"]: one for one in json.loads(done.stdout)["streams"]}
    attributes = found["contacts"]["schema"]["properties"]["custom_attributes"]
    assert attributes["properties"]


def test_two_runs_that_start_at_once_share_one_login(home: Home) -> None:
    home = home.but(initiate_oauth="GETANDREFRESH")
    with home.run_tap() as first:
        address = first.address()
        with home.run_tap() as second:
            second.wait_for("Waiting for another run, which is logging in")
            decide(address)
            ends = [first.end(), second.end()]
    assert [code for code, _, _ in ends] == [0, 0]
    assert [len(records(out)) for _, out, _ in ends] == [36, 36]
    assert home.exchanges() == 1


def test_ctrl_c_ends_a_login(home: Home) -> None:
    with home.log_in(really=True) as person:
        person.address()
        threading.Timer(0.1, person.interrupt).start()
        code, _, shown = person.end()
    assert code == 130
    assert "Traceback" not in shown
    logged_in(home)  # nothing is held any more


# The command


def test_status_says_who_and_never_the_token(home: Home) -> None:
    done = home.alone("tap-intercom-login", "--status")
    assert done.returncode == 1
    assert "No token is stored" in done.stderr
    logged_in(home)
    done = home.alone("tap-intercom-login", "--status")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("admin0@example.com", "Sandbox", "US", "America/"))
    assert home.stored["access_token"] not in done.stdout + done.stderr
    revoke(home)
    done = home.alone("tap-intercom-login", "--status")
    assert done.returncode == 1
    assert "has been revoked" in done.stderr


def test_logout_revokes_and_forgets(home: Home) -> None:
    logged_in(home)
    token = home.stored["access_token"]
    done = home.alone("tap-intercom-login", "--logout")
    assert done.returncode == 0
    assert "Logged out" in done.stdout
    assert json.loads(home.store.read_text()) == {}
    bearer = {"Authorization": f"Bearer {token}", "Intercom-Version": "2.17"}
    assert requests.get(f"{home.sandbox.url}/me", headers=bearer, timeout=60).status_code == 401
    done = home.alone("tap-intercom-login", "--logout")
    assert done.returncode == 0
    assert "Nobody is logged in" in done.stdout


def test_logout_forgets_what_was_revoked_elsewhere(home: Home) -> None:
    logged_in(home)
    revoke(home)
    assert home.alone("tap-intercom-login", "--logout").returncode == 0
    assert json.loads(home.store.read_text()) == {}


def test_logout_keeps_what_could_not_be_revoked(home: Home) -> None:
    logged_in(home)
    tokens = json.loads(home.store.read_text())
    nowhere = "http://127.0.0.1:9"
    tokens[APP] = {nowhere: tokens[APP][home.sandbox.url]}
    home.store.write_text(json.dumps(tokens))
    done = home.but(api_url=nowhere).alone("tap-intercom-login", "--logout")
    assert done.returncode == 1
    assert "could not be reached" in done.stderr
    assert json.loads(home.store.read_text()) == tokens


def test_status_and_logout_do_not_go_together(home: Home) -> None:
    logged_in(home)
    done = home.alone("tap-intercom-login", "--status", "--logout")
    assert done.returncode == 2
    assert home.stored


def test_logout_needs_no_secret(home: Home) -> None:
    logged_in(home)
    home = home.but(oauth_client_secret=None, initiate_oauth="GETANDREFRESH")
    assert "Logged out" in home.alone("tap-intercom-login", "--logout").stdout


def test_the_next_command_finds_the_token(home: Home, tmp_path: Path) -> None:
    store = tmp_path / "another place" / "tokens.json"
    with home.log_in("--oauth-settings-location", str(store)) as person:
        decide(person.address())
        code, _, shown = person.end()
    assert code == 0
    command = shown.partition("Next: ")[2].strip()
    done = subprocess.run(
        ["sh", "-c", f"{PROGRAMS}/{command} --json"],
        env=environment(home.folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["workspace"]["id"] == "sandbox1"


def test_print_prints_the_token_and_nothing_else(home: Home) -> None:
    with home.log_in("--print") as person:
        decide(person.address())
        code, out, shown = person.end()
    assert code == 0
    assert out == home.stored["access_token"] + "\n"
    assert out.strip() not in shown


def test_it_writes_a_file_of_settings_beside_what_is_there(home: Home, tmp_path: Path) -> None:
    written = tmp_path / "written.json"
    before = {"start_date": "2026-01-01", "auth_scheme": "NONE"}
    stale = {"region": "eu", "oauth_access_token": "revoked long ago"}
    written.write_text(json.dumps(before | stale))
    written.chmod(0o644)
    with home.log_in("--write-config", str(written)) as person:
        decide(person.address())
        code, _, shown = person.end()
    assert code == 0
    assert f"Next: tap-intercom-check --config {written}" in shown
    assert json.loads(written.read_text()) == {
        "start_date": "2026-01-01",
        "auth_scheme": "OAUTH",
        "api_url": home.sandbox.url,
        "oauth_client_id": APP,
        "callback_url": home.callback,
    }
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    check = ("tap-intercom-check", "--config", str(written), "--json")
    done = ran(*check, env=environment(home.folder))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["workspace"]["id"] == "sandbox1"


def test_it_does_not_write_over_something_else(home: Home, tmp_path: Path) -> None:
    written = tmp_path / "notes.txt"
    written.write_text("not JSON")
    with home.log_in("--write-config", str(written)) as person:
        decide(person.address())
        code, _, shown = person.end()
    assert code == 2
    assert f"{written} is not a JSON file." in " ".join(shown.split())
    assert written.read_text() == "not JSON"


def test_each_property_has_an_option_that_wins(home: Home, tmp_path: Path) -> None:
    store = tmp_path / "elsewhere" / "tokens.json"
    options = {
        "--oauth-client-id": "demo-other",
        "--oauth-client-secret": "demo-other-secret",
        "--callback-url": f"http://127.0.0.1:{free_port()}/there",
        "--oauth-settings-location": str(store),
        "--connection-string": "OAuthClientId=demo-third",
    }
    words = [word for option in options.items() for word in option]
    with home.log_in(*words, TAP_INTERCOM_OAUTH_CLIENT_ID="demo-env") as person:
        page = decide(person.address())
        assert person.end()[0] == 0
    assert page.url.startswith(options["--callback-url"])
    assert list(json.loads(store.read_text())) == ["demo-other"]


def test_a_connection_string_is_enough(home: Home) -> None:
    text = (
        rf"Profile=C:\profiles\Intercom.apip;AuthScheme=OAuth;InitiateOAuth=GETANDREFRESH;"
        rf"OAuthClientId={APP};OAuthClientSecret={APP}-secret;CallbackUrl={home.callback};"
    )
    home = replace(home, settings={"api_url": home.sandbox.url, "connection_string": text})
    with home.run_tap() as run:
        decide(run.address())
        code, out, _ = run.end()
    assert code == 0
    assert len(records(out)) == 36
