"""How does a person give us a token?

By saying yes on a page of Intercom's, which then sends their browser to the callback URL with a
code, and the code is exchanged for a token. Where the callback URL is an address of this machine,
the answer is received here; else, or from a browser elsewhere, the person pastes the address that
they were sent to.
https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth
"""

from __future__ import annotations

import hmac
import os
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import click
import requests
from requests import RequestException

from tap_intercom.api.address import USER_AGENT
from tap_intercom.api.errors import Failure, cause
from tap_intercom.api.transfer import bounded
from tap_intercom.login.callback import PortTaken, Shown, listeners
from tap_intercom.login.tokens import is_token
from tap_intercom.plain import Sentence, secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from authlib.integrations.requests_client import OAuth2Session

    from tap_intercom.login.callback import Listener
    from tap_intercom.login.tokens import Token

# A code lives about five minutes; a person who takes longer begins anew.
PATIENCE_SECONDS = 300.0
EXCHANGE_SECONDS = 30.0
POLL_SECONDS = 0.1


class LoginError(Sentence):
    """There is no token to be had; the message says why, and what to do."""


class Refused(LoginError):
    """Intercom will not exchange what it was given."""


class NotTheAnswer(Exception):
    """What came is not the answer to the question that was asked."""


@dataclass(frozen=True)
class App:
    """An app as it is registered in Intercom's Developer Hub, and where its workspace is."""

    client_id: str
    client_secret: str = field(repr=False)
    callback_url: str
    page_url: str
    api_url: str

    @property
    def token_url(self) -> str:
        """The address at which a code is exchanged for a token."""
        return f"{self.api_url}/auth/eagle/token"


# The protocol


def session(app: App) -> OAuth2Session:
    """Make a client of the protocol, which speaks as Intercom's documentation has it."""
    # Costs a third of a second, and hardly any run needs it.
    from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415

    client = OAuth2Session(
        app.client_id,
        app.client_secret,
        redirect_uri=app.callback_url,
        token_endpoint_auth_method="client_secret_post",  # noqa: S106  the name of a method
    )
    client.headers["User-Agent"] = USER_AGENT
    return bounded(client)


# A redirect would carry the secret to another host.
CAREFULLY: dict[str, Any] = {"allow_redirects": False, "timeout": EXCHANGE_SECONDS}


def exchanged(app: App, code: str) -> Token:
    """Exchange a code for a token.

    Raises:
        LoginError: Intercom refuses, or cannot be reached.
    """
    return _token(
        app, code, lambda client: client.fetch_token(app.token_url, code=code, **CAREFULLY)
    )


def renewed(app: App, token: Token) -> Token:
    """Exchange a refresh token for a new token; Intercom issues none, as of 2026.

    Raises:
        LoginError: Intercom refuses, or cannot be reached.
    """
    old = token["refresh_token"]
    return _token(app, old, lambda client: client.refresh_token(app.token_url, old, **CAREFULLY))


def revoke(app: App, token: Token) -> None:
    """Uninstall the app from the workspace that a token belongs to; the token is void thereafter.

    https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/installing-uninstalling-apps

    Raises:
        LoginError: Intercom does not do it, or cannot be reached.
    """

    def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        return request  # signed here, as requests would put what ~/.netrc says in its stead

    url, headers = f"{app.api_url}/auth/uninstall", {"User-Agent": USER_AGENT}
    try:
        with bounded(requests.Session()) as client:
            response = client.post(url, headers=headers, auth=signed, **CAREFULLY)
    except RequestException as error:
        raise LoginError(f"{app.api_url} could not be reached: {cause(error)}.") from None
    gone = response.status_code == requests.codes.unauthorized
    if response.status_code >= requests.codes.multiple_choices and not gone:
        raise LoginError(f"{Failure.of_answer(response)} The token was not revoked.")


def _checked(response: requests.Response) -> requests.Response:
    """Refuse an answer of the exchange that has no token in it."""
    if response.status_code >= requests.codes.multiple_choices:
        answer = Failure.of_answer(response)
        refused = answer.status in {requests.codes.bad_request, requests.codes.unauthorized}
        raise (Refused if refused else LoginError)(f"{answer} {EXCHANGE_ADVICE}")
    try:
        found = _access_token(response.json())
    except (ValueError, AttributeError):
        found = None
    if not is_token(found):
        raise LoginError(f"Intercom answered {response.status_code} without a token. Try again.")
    return response


EXCHANGE_ADVICE = (
    "The login could not be exchanged for a token: check oauth_client_id, oauth_client_secret and "
    "region, and log in again."
)


def _access_token(answered: Token) -> Any:
    """Find the token in an answer: two names are documented for one and the same."""
    return answered.get("access_token") or answered.get("token")


def _token(app: App, grant: str, ask: Callable[[OAuth2Session], Token]) -> Token:
    """Run an exchange, and word its failure."""
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415  see session()

    for secret in (grant, app.client_secret):
        secrets.keep(secret)  # an answer may repeat what it was asked
    try:
        with session(app) as client:
            for hook in ("access_token_response", "refresh_token_response"):
                client.register_compliance_hook(hook, _checked)
            answered = ask(client)
    except RequestException as error:
        problem = f"{app.api_url} could not be reached: {cause(error)}. Log in again."
        raise LoginError(problem) from None
    except (AuthlibBaseError, ValueError, TypeError):
        problem = "Intercom's answer to the login could not be read. Log in again."
        raise LoginError(problem) from None
    kept = {name: answered[name] for name in ("refresh_token",) if answered.get(name)}
    return {"access_token": _access_token(answered), **kept}


# The person


def authorised(app: App, *, open_browser: bool = True, patience: float = PATIENCE_SECONDS) -> Token:
    """Have a person authorise the app, in their browser, within so many seconds; give the token.

    Raises:
        LoginError: Nobody can answer, nobody did, the person declined, or the exchange failed.
    """
    check_that_somebody_answers()
    question = Question(app)
    with ExitStack() as opened:
        try:
            ears = [opened.enter_context(one) for one in question.listeners()]
        except PortTaken as error:
            raise LoginError(
                f"Cannot listen for the answer at {error}. Free the port, or register another "
                "callback_url with the app and set it."
            ) from error
        if not ears and not _can_paste():
            raise LoginError(
                f"The answer to {app.callback_url} has to be pasted, and there is no terminal to "
                f"paste it into. {ELSEWHERE}"
            )
        _invite(question, open_browser=open_browser, is_heard=bool(ears))
        _await(question, ears, patience)
    return question.outcome.result(timeout=0)


ELSEWHERE = (
    "Log in with tap-intercom-login at a terminal, or set oauth_access_token, or api_key with "
    "auth_scheme NONE."
)


def check_that_somebody_answers() -> None:
    """See to it that there is a person to ask.

    Raises:
        LoginError: There is no terminal, or this is a CI job.
    """
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise LoginError(f"A CI job (CI is set) has nobody who could log in. {ELSEWHERE}")
    if not (_is_terminal(sys.stdin) or _is_terminal(sys.stderr)):
        raise LoginError(f"There is no terminal, so nobody who could log in. {ELSEWHERE}")


def _is_terminal(stream: Any) -> bool:
    return stream is not None and not stream.closed and bool(stream.isatty())


def _can_paste() -> bool:
    return _is_terminal(sys.stdin)


class Question:
    """What a person is asked, and the one answer that counts.

    `outcome` becomes a token, or a `LoginError`; `told` is set once the person knows which.
    """

    def __init__(self, app: App) -> None:
        """Think of a state that nobody can guess."""
        self.app = app
        url, state = session(app).create_authorization_url(app.page_url)
        self.url: str = url
        self._state: str = state
        self._lock = threading.Lock()
        self.outcome: Future[Token] = Future()
        self.told = threading.Event()

    def take(self, query: str) -> Token:
        """Take the query of the callback; the first that is an answer to this question counts.

        Raises:
            NotTheAnswer: It is the answer to another question, or to none.
            LoginError: The person declined, or the code is worth nothing.
        """
        given = {name: values[0] for name, values in parse_qs(query).items()}
        # In constant time: how long it takes must not tell how much of a guess is right.
        if not hmac.compare_digest(given.get("state", "").encode(), self._state.encode()):
            raise NotTheAnswer
        with self._lock:
            if not self.outcome.done():
                try:
                    self.outcome.set_result(self._token(given))
                except BaseException as error:  # noqa: BLE001  raised where the outcome is asked for
                    self.outcome.set_exception(error)
        return self.outcome.result()

    @property
    def is_answered(self) -> bool:
        """Say whether an answer has come, also if it is still being exchanged for a token."""
        return self._lock.locked() or self.outcome.done()

    def listeners(self) -> Iterator[Listener]:
        """Listen for the answer, where that is possible.

        Raises:
            PortTaken: It is, but for another program.
        """
        return listeners(self.app.callback_url, self._shown, self.told)

    def _shown(self, query: str) -> Shown:
        """Take the query of the callback, and say how that went."""
        try:
            self.take(query)
        except NotTheAnswer:
            return NOT_THE_ANSWER
        except LoginError as error:
            return Shown(200, "Not connected", error.message)
        return CONNECTED

    def _token(self, given: dict[str, str]) -> Token:
        if "error" in given:
            said = given.get("error_description") or given["error"]
            raise LoginError(f"Access was not granted: {said}. To grant it, log in again.")
        if "code" not in given:
            raise LoginError("Intercom sent neither a code nor an error. Log in again.")
        return exchanged(self.app, given["code"])


CONNECTED = Shown(
    200,
    "Connected",
    "tap-intercom can read your Intercom workspace now. You may close this window and go back to "
    "the terminal.",
    is_well=True,
)
NOT_THE_ANSWER = Shown(
    400,
    "Not the answer",
    "This does not belong to the login that the tap waits for. Use the address it showed last.",
    is_over=False,
)


def _invite(question: Question, *, open_browser: bool, is_heard: bool) -> None:
    """Tell the person what to do. Not on standard output, which is for Singer messages."""
    opened = open_browser and _opened(question.url)
    say = [
        "Opening your browser to log in to Intercom. If nothing opens, go to:"
        if opened
        else "To log in to Intercom, open this address in a browser:",
        f"\n  {question.url}\n",
    ]
    callback = question.app.callback_url
    if not is_heard:
        say.append(
            f"You will be sent to {callback}, which need not show anything.\n"
            "Copy the whole address from the browser's address bar, and paste it here:"
        )
    elif _can_paste() and os.name == "posix":
        say.append(
            f"If the browser runs elsewhere and cannot show {callback},\n"
            "copy the whole address from its address bar, and paste it here:"
        )
    click.echo("\n".join(say), err=True)


def _opened(url: str) -> bool:
    """Open a browser, if there is one with a window: one in this terminal would be in the way."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        return False
    # In a process of its own, as some browsers are waited for, and write to standard output.
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603
        # Isolated: a file in the current folder may be called as a module that this one imports.
        [sys.executable, "-I", "-m", "webbrowser", url],
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
    )
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def _await(question: Question, ears: Sequence[Listener], patience: float) -> None:
    """Wait for the answer, at the callback URL or on the terminal.

    Raises:
        LoginError: There was none within so many seconds.
    """
    give_up_at = time.monotonic() + patience
    listening: list[Any] = [*ears]
    if _can_paste() and os.name == "posix":  # elsewhere, only sockets can be waited for
        listening.append(sys.stdin)
    while not question.told.is_set():
        if time.monotonic() >= give_up_at and not question.is_answered:
            raise LoginError(
                f"Nobody logged in within {patience:.0f} seconds. Run again; tap-intercom-login "
                "--timeout gives more time."
            )
        for one in _ready(listening):
            if one is not sys.stdin:
                one.handle_request()
            elif not _paste(question):
                if not ears:
                    raise LoginError(f"Nobody is at the terminal any more. {ELSEWHERE}")
                listening.remove(sys.stdin)


def _ready(listening: Sequence[Any]) -> Sequence[Any]:
    """Wait a little for one of those that are listened to; where that cannot be, for a line."""
    return select.select(listening, [], [], POLL_SECONDS)[0] if listening else [sys.stdin]


def _paste(question: Question) -> bool:
    """Read an address from the terminal; tell whether there may be another one."""
    line = sys.stdin.readline()
    if not line.strip():
        return bool(line)
    try:
        question.take(_query(line))
    except NotTheAnswer:
        click.echo(
            f"That is not the address: it begins with {question.app.callback_url}, and belongs to "
            "this login. Paste it again:",
            err=True,
        )
        return True
    except LoginError:
        pass  # raised where the outcome is asked for
    question.told.set()
    return True


def _query(pasted: str) -> str:
    """Take the query from an address as it was pasted; empty if it is none."""
    with suppress(ValueError):
        return urlsplit(pasted.strip().strip("<>\"'")).query
    return ""
