"""Whatever goes wrong, at whatever level of logging: nothing secret is told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from runs import catalog_of
from starting import ran
from terminal import environment

from tap_intercom.sandbox import Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAP, CHECK, LOGIN = "tap-intercom", "tap-intercom-check", "tap-intercom-login"

# Tokens of the sandbox begin with `demo`; none is part of a word that may be said.
KEY = "demo-hush-key"
SECRETS = {KEY, "hush-ready", "hush-secret", "hush-stored", "hush-refresh", "hush-half"}
OAUTH = {
    "auth_scheme": "OAUTH",
    "oauth_client_id": "demo-app",
    "oauth_client_secret": "hush-secret",
}
STORED = {"access_token": "hush-stored", "refresh_token": "hush-refresh"}


@dataclass(frozen=True)
class Way:
    """One way through the programs, and what is said on it."""

    said: str
    settings: dict[str, Any]
    command: tuple[str, ...] = (TAP,)
    code: int = 1
    store: str | None = None
    env: dict[str, str] = field(default_factory=dict)


def stored(url: str, token: dict[str, str]) -> str:
    return json.dumps({"demo-app": {url: token}})


# What asks only whether it may read is not as patient as a run.
BRIEFLY = (TAP, "--test")


WAYS = {
    "all is well": Way("", {"api_key": KEY}, code=0),
    "one record each": Way("", {"api_key": KEY}, (TAP, "--test"), code=0),
    "described": Way("", {"api_key": KEY, **OAUTH}, (TAP, "--about"), code=0),
    "described for machines": Way(
        "", {"api_key": KEY, **OAUTH}, (TAP, "--about", "--format=json"), code=0
    ),
    "discovered": Way("", {"api_key": KEY, "custom_attributes": "typed"}, (TAP, "--discover"), 0),
    "from the environment": Way("", {}, code=0, env={"TAP_INTERCOM_API_KEY": KEY}),
    "a token that nobody knows": Way("check api_key", {"api_key": "hush-ready"}),
    "a ready token that nobody knows": Way(
        "check oauth_access_token", {**OAUTH, "oauth_access_token": "hush-ready"}
    ),
    "a token that is none": Way("has spaces", {"api_key": f"{KEY} hush-half"}, code=2),
    "a token that is no text": Way("api_key must be text", {"api_key": [KEY]}, code=2),
    "a secret that is no text": Way(
        "oauth_client_secret must be text",
        {**OAUTH, "oauth_client_secret": ["hush-secret"]},
        code=2,
    ),
    "a host that is not there": Way(
        "could not be reached", {"api_key": KEY, "api_url": "http://127.0.0.1:9"}, BRIEFLY
    ),
    "an address with a password": Way(
        "leave out user", {"api_key": KEY, "api_url": "http://me:hush-half@127.0.0.1"}, code=2
    ),
    "a connection string that works": Way(
        "", {"connection_string": f"ProfileSettings='APIKey={KEY}'"}, code=0
    ),
    "a connection string that is refused": Way(
        "check api_key", {"connection_string": "APIKey=hush-ready"}
    ),
    "a connection string that is torn": Way(
        "connection_string cannot be read",
        {"connection_string": f"APIKey={KEY};hush-half"},
        code=2,
    ),
    "a connection string that is foreign": Way(
        "no property 'Token'", {"connection_string": f"Token={KEY}"}, code=2
    ),
    "a token where a connection string belongs": Way(
        "no property of that name", {"connection_string": "hush-ready="}, code=2
    ),
    "nothing stored": Way("No token is stored", OAUTH),
    "nobody there": Way("There is no terminal", {**OAUTH, "initiate_oauth": "GETANDREFRESH"}),
    "nobody there to log in": Way("There is no terminal", OAUTH, (LOGIN,)),
    "a stored token that is refused": Way("has been revoked", OAUTH, store="stored"),
    "a stored token that cannot be renewed": Way(
        "has been revoked", {**OAUTH, "initiate_oauth": "REFRESH"}, store="stored"
    ),
    "a store that is torn": Way(
        "does not hold tokens", OAUTH, store='{"demo-app": {"x": {"access_token": "hush-stored"'
    ),
    "the status of a refused token": Way(
        "has been revoked", OAUTH, (LOGIN, "--status"), store="stored"
    ),
    "a logout that goes nowhere": Way(
        "could not be reached",
        {**OAUTH, "api_url": "http://127.0.0.1:9"},
        (LOGIN, "--logout"),
        store=stored("http://127.0.0.1:9", STORED),
    ),
    "checked": Way("Connected as", {"api_key": KEY}, (CHECK,), code=0),
    "checked in vain": Way("check api_key", {"api_key": "hush-ready"}, (CHECK, "--json")),
    "a redirect": Way("Intercom answered 302", {"api_key": "demo-redirect"}, BRIEFLY),
    "away": Way("Intercom answered 503", {"api_key": "demo-down"}, BRIEFLY),
    "no permission": Way("Left out tags", {"api_key": "demo-no-permission-tags"}, code=0),
    "no permission, strictly": Way(
        "strict is set", {"api_key": "demo-no-permission-tags", "strict": True}
    ),
    "trouble for a while": Way("Trying again", {"api_key": "demo-500-once"}, code=0),
}


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    with running(size=20) as one:
        yield one


@pytest.mark.parametrize("name", WAYS)
def test_no_secret_is_told(workspace: Sandbox, tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    settings = {"api_url": workspace.url, **way.settings}
    store, config = tmp_path / "tokens.json", tmp_path / "config.json"
    if way.store:
        content = stored(workspace.url, STORED) if way.store == "stored" else way.store
        store.write_text(content)
        store.chmod(0o600)
    config.write_text(json.dumps({**settings, "oauth_settings_location": str(store)}))
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(catalog_of("tags", "segments", "contacts")))
    chosen = ["--catalog", str(catalog)] if way.command[0] == TAP else []
    loud = {"TAP_INTERCOM_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"}
    known = {one.name for one in tmp_path.iterdir()}

    done = ran(
        *way.command,
        *("--config", str(config), "--config", "ENV"),
        *chosen,
        cwd=tmp_path,
        env=environment(tmp_path, **loud, **way.env),
    )

    assert done.returncode == way.code, done.stderr
    output = done.stdout + done.stderr
    assert way.said in " ".join(output.split())
    assert "Traceback" not in output
    written = [one.read_text() for one in tmp_path.rglob("*") if is_new(one, known)]
    secrets = SECRETS | {str(settings["api_key"])} if "api_key" in settings else SECRETS
    for text in (output, *written):
        assert [secret for secret in secrets if secret in text] == []


def is_new(path: Path, known: set[str]) -> bool:
    return path.is_file() and path.name not in known
