"""A login: what is asked, of whom, which answer counts, and what is said when it fails."""

from __future__ import annotations

import io
import json
import os
import pty
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pytest
import requests
from raw_server import serving

from tap_intercom.login import oauth
from tap_intercom.login.oauth import App, LoginError, NotTheAnswer, Question, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

SECRET, CODE = "hush/hush ü", "code+of/mine"
TOKEN = {"access_token": "dG9r"}
ELSEWHERE = "https://elsewhere.test/back"


class Intercom(ThreadingHTTPServer):
    """A server that always says the same, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        self.asked: list[tuple[str, Message, dict[str, str]]] = []
        self.status, self.body, self.headers = 200, json.dumps(TOKEN).encode(), dict[str, str]()
        self.came, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def form(self) -> dict[str, str]:
        """What it was sent, the one time that it was asked."""
        [(path, _, form)] = self.asked
        assert path == "/auth/eagle/token"
        return form

    def says(self, status: int, body: Any, **headers: str) -> None:
        self.status, self.headers = status, headers
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


class Visit(BaseHTTPRequestHandler):
    server: Intercom

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {name: value for name, [value] in parse_qs(sent).items()}
        self.server.asked.append((self.path, self.headers, form))
        self.server.came.set()
        self.server.goes_on.wait(10)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def intercom() -> Iterator[Intercom]:
    with Intercom() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.goes_on.set()
        server.shutdown()
        thread.join()


def app_at(url: str, callback: str = ELSEWHERE) -> App:
    return App("my-app", SECRET, callback, f"{url}/oauth", url)


@pytest.fixture
def app(intercom: Intercom) -> App:
    return app_at(intercom.url)


@pytest.fixture
def nowhere() -> App:
    """An app of a place where nobody is."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return app_at(f"http://127.0.0.1:{one.getsockname()[1]}")


def exchange(app: App) -> dict[str, Any]:
    return oauth.exchanged(app, CODE)


def renew(app: App) -> dict[str, Any]:
    return oauth.renewed(app, {"access_token": "old", "refresh_token": CODE})


EITHER = pytest.mark.parametrize("ask", [exchange, renew])


def test_an_app_does_not_show_its_secret(app: App) -> None:
    assert "hush" not in repr(app)


# The exchange


def test_a_code_is_exchanged_for_a_token(intercom: Intercom, app: App) -> None:
    assert oauth.exchanged(app, CODE) == TOKEN
    assert intercom.form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "client_id": "my-app",
        "client_secret": SECRET,
        "redirect_uri": ELSEWHERE,
    }


def test_a_token_is_renewed_with_its_refresh_token(intercom: Intercom, app: App) -> None:
    intercom.says(200, {"access_token": "new", "refresh_token": "next", "expires_in": 5})
    assert renew(app) == {"access_token": "new", "refresh_token": "next"}
    assert intercom.form.pop("refresh_token") == CODE
    assert intercom.form.pop("grant_type") == "refresh_token"
    assert intercom.form["client_secret"] == SECRET


@EITHER
def test_it_says_who_asks(intercom: Intercom, app: App, ask: Callable[[App], Any]) -> None:
    ask(app)
    [(_, headers, _)] = intercom.asked
    assert headers["User-Agent"].startswith("tap-intercom/")


@pytest.mark.parametrize(
    ("answered", "token"),
    [
        ({"token": "dG9r", "token_type": "Bearer"}, TOKEN),
        ({"access_token": "a", "token": "b"}, {"access_token": "a"}),
        ({**TOKEN, "refresh_token": "more"}, {**TOKEN, "refresh_token": "more"}),
        ({**TOKEN, "refresh_token": None}, TOKEN),
    ],
    ids=["as documented", "both names", "refresh token", "none of it"],
)
def test_of_an_answer_the_tokens_are_kept(
    intercom: Intercom, app: App, answered: dict[str, Any], token: dict[str, Any]
) -> None:
    intercom.says(200, answered)
    assert oauth.exchanged(app, CODE) == token


@EITHER
@pytest.mark.parametrize("answered", [{}, {"access_token": "two words"}, [], "text", None, b"<p>"])
def test_an_answer_without_a_token_is_none(
    intercom: Intercom, app: App, ask: Callable[[App], Any], answered: Any
) -> None:
    intercom.says(200, answered)
    with pytest.raises(LoginError, match=r"Intercom answered 200 without a token\. Try again\."):
        ask(app)


@EITHER
@pytest.mark.parametrize("status", [400, 401])
def test_what_is_refused_is_told_from_what_went_wrong(
    intercom: Intercom, app: App, ask: Callable[[App], Any], status: int
) -> None:
    intercom.says(status, {"errors": [{"code": "bad_verification_code", "message": "No."}]})
    with pytest.raises(Refused, match=rf"answered {status} \(bad_.*_code\): No\. .* log in again"):
        ask(app)


@EITHER
@pytest.mark.parametrize("status", [300, 403, 404, 429, 500, 503])
def test_what_went_wrong_is_not_a_refusal(
    intercom: Intercom, app: App, ask: Callable[[App], Any], status: int
) -> None:
    intercom.says(status, TOKEN)
    with pytest.raises(LoginError, match=f"answered {status}") as raised:
        ask(app)
    assert not isinstance(raised.value, Refused)


@EITHER
def test_a_redirect_is_not_followed(
    intercom: Intercom, app: App, ask: Callable[[App], Any]
) -> None:
    intercom.says(307, b"", Location=f"{intercom.url}/elsewhere")
    with pytest.raises(LoginError, match="answered 307"):
        ask(app)
    assert len(intercom.asked) == 1


@EITHER
@pytest.mark.parametrize("secret", [SECRET, CODE])
@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("form", [str, quote, lambda text: quote(text, safe=""), quote_plus])
def test_what_repeats_a_secret_is_not_repeated(
    intercom: Intercom,
    app: App,
    ask: Callable[[App], Any],
    secret: str,
    form: Callable[[str], str],
    *,
    escaped: bool,
) -> None:
    said = f"You said {form(secret)} to us."
    body = json.dumps({"errors": [{"message": said}]}, ensure_ascii=escaped)
    intercom.says(400, body.encode())
    with pytest.raises(Refused, match=r"answered 400.*You said \*\*\* to us") as raised:
        ask(app)
    assert form(secret) not in str(raised.value)
    assert form(secret) not in repr(raised.value.__cause__)


@EITHER
def test_where_nobody_is_it_says_so(nowhere: App, ask: Callable[[App], Any]) -> None:
    with pytest.raises(LoginError) as raised:
        ask(nowhere)
    assert (
        raised.value.message
        == f"{nowhere.api_url} could not be reached: Connection refused. Log in again."
    )


@pytest.fixture
def _silent(intercom: Intercom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers, and nobody waits long."""
    intercom.goes_on.clear()
    monkeypatch.setitem(oauth.CAREFULLY, "timeout", 0.05)


@EITHER
@pytest.mark.parametrize("drips_in", ["head", "body"])
def test_an_answer_that_drips_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[App], Any], drips_in: str
) -> None:
    monkeypatch.setitem(oauth.CAREFULLY, "timeout", 0.4)

    def dripping() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"
        yield b"X-Drip: " if drips_in == "head" else b"\r\n"
        while True:
            yield b" "
            time.sleep(0.05)

    with serving(dripping) as url, pytest.raises(LoginError, match="did not arrive whole"):
        ask(app_at(url.rstrip("/")))


@EITHER
@pytest.mark.usefixtures("_silent")
def test_an_answer_is_not_waited_for_without_end(app: App, ask: Callable[[App], Any]) -> None:
    with pytest.raises(LoginError, match=r"could not be reached: .*timed out"):
        ask(app)


# Revoking


def test_a_token_is_revoked_with_itself(
    intercom: Intercom, app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    oauth.revoke(app, TOKEN)
    [(path, headers, form)] = intercom.asked
    assert (path, form) == ("/auth/uninstall", {})
    assert headers["Authorization"] == "Bearer dG9r"
    assert headers["User-Agent"].startswith("tap-intercom/")


def test_a_token_that_is_void_already_is_revoked(intercom: Intercom, app: App) -> None:
    intercom.says(401, {})
    oauth.revoke(app, TOKEN)


@pytest.mark.parametrize("status", [300, 307, 400, 403, 404, 500])
def test_what_was_not_revoked_is_said_not_to_be(intercom: Intercom, app: App, status: int) -> None:
    intercom.says(status, {}, Location=f"{intercom.url}/elsewhere")
    with pytest.raises(LoginError, match=rf"answered {status}.*\. The token was not revoked\.$"):
        oauth.revoke(app, TOKEN)
    assert len(intercom.asked) == 1


def test_nothing_can_be_revoked_where_nobody_is(nowhere: App) -> None:
    with pytest.raises(LoginError, match=r"could not be reached: Connection refused\.$"):
        oauth.revoke(nowhere, TOKEN)


@pytest.mark.usefixtures("_silent")
def test_revoking_does_not_wait_without_end(app: App) -> None:
    with pytest.raises(LoginError, match=r"could not be reached: .*timed out"):
        oauth.revoke(app, TOKEN)


# The question, and its answer


def state_of(url: str) -> str:
    [state] = parse_qs(urlsplit(url).query)["state"]
    return state


def query(question: Question, **given: str) -> str:
    return (
        requests.Request("GET", ELSEWHERE, params={"state": state_of(question.url), **given})
        .prepare()
        .url.partition("?")[2]
    )  # type: ignore[union-attr]


def test_the_page_is_told_the_app_and_where_to_answer(app: App) -> None:
    address, _, asked = Question(app).url.partition("?")
    assert address == app.page_url
    given = parse_qs(asked)
    assert given.pop("state")
    assert given == {
        "response_type": ["code"],
        "client_id": ["my-app"],
        "redirect_uri": [ELSEWHERE],
    }


def test_no_two_questions_have_the_same_state(app: App) -> None:
    states = {state_of(Question(app).url) for _ in range(20)}
    assert len(states) == 20
    assert min(map(len, states)) >= 20


def test_the_answer_to_the_question_becomes_a_token(intercom: Intercom, app: App) -> None:
    question = Question(app)
    assert question.take(query(question, code=CODE)) == TOKEN
    assert question.outcome.result(timeout=0) == TOKEN
    assert intercom.form["code"] == CODE


@pytest.mark.parametrize(
    "state",
    ["", "&state=", "&state=other", "&state=%FC", "&state=\u00fc", "&State={0}", "&state={0}x"],
)
def test_another_answer_does_not_count(intercom: Intercom, app: App, state: str) -> None:
    question = Question(app)
    for given in ("code=mine", "error=access_denied"):
        with pytest.raises(NotTheAnswer):
            question.take(given + state.format(state_of(question.url)))
    assert not question.outcome.done()
    assert not question.told.is_set()
    assert not intercom.asked


def test_only_the_first_answer_counts(intercom: Intercom, app: App) -> None:
    question = Question(app)
    question.take(query(question, code=CODE))
    assert question.take(query(question, error="access_denied")) == TOKEN
    assert question.take(query(question, code="another")) == TOKEN
    assert intercom.form["code"] == CODE


def test_a_denial_counts_too(intercom: Intercom, app: App) -> None:
    question = Question(app)
    for given in ({"error": "access_denied"}, {"code": CODE}):
        with pytest.raises(LoginError, match=r"Access was not granted: access_denied\."):
            question.take(query(question, **given))
    assert not intercom.asked


def test_a_denial_is_said_in_the_words_that_came_with_it(app: App) -> None:
    question = Question(app)
    with pytest.raises(LoginError, match=r"not granted: Not today\. To grant it, log in again\."):
        question.take(query(question, error="no", error_description="Not today", code=CODE))


def test_an_answer_that_says_nothing_is_said_to_say_nothing(app: App) -> None:
    question = Question(app)
    with pytest.raises(LoginError, match="neither a code nor an error"):
        question.take(query(question))


def test_who_answers_twice_at_once_gets_one_exchange(intercom: Intercom, app: App) -> None:
    intercom.goes_on.clear()
    question = Question(app)
    assert not question.is_answered
    answers = [
        threading.Thread(target=question.take, args=(query(question, code=CODE),)) for _ in range(3)
    ]
    for one in answers:
        one.start()
    assert intercom.came.wait(10)
    assert question.is_answered
    intercom.goes_on.set()
    for one in answers:
        one.join()
    assert intercom.form["code"] == CODE


# The person


def terminal(*, is_one: bool) -> Any:
    return SimpleNamespace(closed=False, isatty=lambda: is_one)


THERE, AWAY = terminal(is_one=True), terminal(is_one=False)
CLOSED = SimpleNamespace(closed=True, isatty=lambda: pytest.fail("it is closed"))


@pytest.fixture(autouse=True)
def _no_job_and_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("stdin", "stderr"), [(THERE, None), (CLOSED, THERE), (AWAY, THERE)])
@pytest.mark.parametrize("job", ["", "0", "false", "False"])
def test_at_a_terminal_somebody_answers(
    monkeypatch: pytest.MonkeyPatch, stdin: Any, stderr: Any, job: str
) -> None:
    monkeypatch.setenv("CI", job)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "stderr", stderr)
    oauth.check_that_somebody_answers()


@pytest.mark.parametrize(("stdin", "stderr"), [(None, None), (CLOSED, AWAY), (AWAY, CLOSED)])
def test_without_a_terminal_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, app: App, stdin: Any, stderr: Any
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "stderr", stderr)
    with pytest.raises(LoginError, match=r"There is no terminal.* or set oauth_access_token"):
        oauth.authorised(app)


@pytest.mark.parametrize("job", ["1", "true", "yes"])
def test_in_a_ci_job_nobody_answers(monkeypatch: pytest.MonkeyPatch, app: App, job: str) -> None:
    monkeypatch.setenv("CI", job)
    monkeypatch.setattr(sys, "stdin", THERE)
    with pytest.raises(LoginError, match=r"A CI job .* or set oauth_access_token"):
        oauth.authorised(app)


class Person(io.StringIO):
    """Somebody who reads what is shown, and does something about the address in it."""

    def __init__(self) -> None:
        super().__init__()
        self.keyboard, self.wire = pty.openpty()
        self.does: Callable[[str], object] = lambda _: None

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        written = super().write(text)
        for line in text.splitlines():
            if "/oauth?" in line:
                self.does(state_of(line.strip()))
        return written

    def types(self, text: str) -> None:
        os.write(self.keyboard, text.encode())

    def authorises(
        self, app: App, *, patience: float = 30, has_keyboard: bool = True
    ) -> dict[str, Any]:
        """Be there while the tap waits; pytest has the terminal again thereafter."""
        with (
            pytest.MonkeyPatch.context() as patch,
            open(self.wire, encoding="utf-8", closefd=False) as stdin,
        ):
            patch.setattr(sys, "stdin", stdin if has_keyboard else None)
            patch.setattr(sys, "stderr", self)
            return oauth.authorised(app, open_browser=False, patience=patience)


@pytest.fixture
def person() -> Iterator[Person]:
    person = Person()
    yield person
    os.close(person.keyboard)
    os.close(person.wire)


def address(state: str) -> str:
    return f"{ELSEWHERE}?code={quote_plus(CODE)}&state={state}"


@pytest.mark.parametrize("written", ["{}\n", "  <{}>\n", '"{}"\n', "\n{}\n"])
def test_the_address_is_pasted(app: App, person: Person, written: str) -> None:
    person.does = lambda state: person.types(written.format(address(state)))
    assert person.authorises(app) == TOKEN
    assert f"You will be sent to {ELSEWHERE}" in person.getvalue()
    assert "To log in to Intercom, open this address in a browser:" in person.getvalue()


@pytest.mark.parametrize("other", [ELSEWHERE, "http://[", "code=mine", f"{ELSEWHERE}?state=x"])
def test_after_another_address_the_right_one_may_be_pasted(
    app: App, person: Person, other: str
) -> None:
    person.does = lambda state: person.types(f"{other}\n{address(state)}\n")
    assert person.authorises(app) == TOKEN
    assert person.getvalue().count("That is not the address") == 1


def test_a_denial_may_be_pasted(app: App, person: Person) -> None:
    person.does = lambda state: person.types(f"{ELSEWHERE}?error=no&state={state}\n")
    with pytest.raises(LoginError, match="Access was not granted: no"):
        person.authorises(app)


def test_who_has_left_the_terminal_is_not_waited_for(app: App, person: Person) -> None:
    person.does = lambda _: person.types("\x04")
    with pytest.raises(LoginError, match="Nobody is at the terminal any more"):
        person.authorises(app)


def test_what_has_to_be_pasted_needs_a_keyboard(app: App, person: Person) -> None:
    with pytest.raises(LoginError, match=f"The answer to {ELSEWHERE} has to be pasted"):
        person.authorises(app, has_keyboard=False)
    assert not person.getvalue()


@pytest.fixture
def here(intercom: Intercom) -> App:
    """An app whose callback URL is an address of this machine."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return app_at(intercom.url, f"http://127.0.0.1:{one.getsockname()[1]}/back")


class Browser:
    """Goes to addresses, while the tap waits, and keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[requests.Response] = []
        self.thread: threading.Thread | None = None

    def goes_to(self, *addresses: str) -> None:
        def go() -> None:
            self.shown += [requests.get(one, timeout=10) for one in addresses]

        self.thread = threading.Thread(target=go)
        self.thread.start()

    def seen(self) -> list[tuple[int, bool]]:
        """The statuses of the pages, and whether they said that all is well."""
        assert self.thread is not None
        self.thread.join()
        return [(one.status_code, 'class="well"' in one.text) for one in self.shown]


@pytest.mark.parametrize("has_keyboard", [True, False])
def test_an_answer_to_this_machine_is_heard(
    here: App, person: Person, *, has_keyboard: bool
) -> None:
    browser, callback = Browser(), here.callback_url
    person.does = lambda state: browser.goes_to(
        f"{callback}?code=mine&state=other", f"{callback}?code=mine&state={state}"
    )
    assert person.authorises(here, has_keyboard=has_keyboard) == TOKEN
    assert browser.seen() == [(400, False), (200, True)]
    assert ("paste it here" in person.getvalue()) is has_keyboard


def test_a_denial_is_shown_where_it_was_given(here: App, person: Person) -> None:
    browser = Browser()
    person.does = lambda state: browser.goes_to(f"{here.callback_url}?error=no&state={state}")
    with pytest.raises(LoginError, match="Access was not granted: no"):
        person.authorises(here)
    assert browser.seen() == [(200, False)]
    assert "Not connected" in browser.shown[0].text


def test_who_leaves_the_terminal_may_still_answer_in_the_browser(here: App, person: Person) -> None:
    browser = Browser()

    def leave(state: str) -> None:
        person.types("\x04")
        browser.goes_to(f"{here.callback_url}?code=mine&state={state}")

    person.does = leave
    assert person.authorises(here) == TOKEN
    assert browser.seen() == [(200, True)]


def test_an_address_that_is_taken_is_said_before_anybody_is_asked(
    here: App, person: Person
) -> None:
    parts = urlsplit(here.callback_url)
    with socket.create_server(("127.0.0.1", parts.port or 0)):
        said = rf"Cannot listen for the answer at 127\.0\.0\.1 port {parts.port}: .* Free the port"
        with pytest.raises(LoginError, match=said):
            person.authorises(here)
    assert not person.getvalue()


@pytest.mark.parametrize("patience", [0, 300])
@pytest.mark.parametrize("callback", [ELSEWHERE, "here"])
def test_nobody_is_waited_for_longer_than_so_many_seconds(
    app: App,
    here: App,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
    callback: str,
) -> None:
    clock = iter(range(0, 10_000, 100))
    monkeypatch.setattr(oauth, "POLL_SECONDS", 0)
    monkeypatch.setattr(oauth, "time", SimpleNamespace(monotonic=clock.__next__))
    with pytest.raises(LoginError, match=f"Nobody logged in within {patience} seconds"):
        person.authorises(here if callback == "here" else app, patience=patience)
    assert next(clock) == max(200, patience + 100)
    assert person.getvalue()


def test_an_answer_that_is_being_exchanged_is_waited_for(
    intercom: Intercom, here: App, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at the clock is ten minutes later; the exchange ends at the hundredth."""
    intercom.goes_on.clear()
    now = 0

    def later() -> float:
        nonlocal now
        now += 600 * bool(intercom.asked)
        if now > 60_000:
            intercom.goes_on.set()
        return now

    monkeypatch.setattr(oauth, "time", SimpleNamespace(monotonic=later))
    monkeypatch.setattr(oauth, "POLL_SECONDS", 0)
    browser = Browser()
    person.does = lambda state: browser.goes_to(f"{here.callback_url}?code=mine&state={state}")
    assert person.authorises(here) == TOKEN
    assert browser.seen() == [(200, True)]
