"""Whatever is set, stored or handed over, the tap begins, or says in a sentence why it cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import TOKEN, URL
from anything import JSON, SCALARS, TEXTS, json_of
from click import ClickException
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tap_intercom.ending import SettingsError
from tap_intercom.given import read_settings
from tap_intercom.login.connection_string import PROPERTIES, settings_in
from tap_intercom.login.tokens import StoreError, TokenStore
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("make_tap")  # which takes back the handlers of signals

# A folder may serve all the examples of a test, as each writes the file anew.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

STREAM_NAMES = st.sampled_from([stream.name for stream in STREAMS])


# It takes a while to make a tap.
costly = settings(max_examples=max(1, settings().max_examples // 5))

# Connection strings

WORDS = st.sampled_from([*PROPERTIES, "Profile", "ProfileSettings", "APIKEY", "", " ", "'", '"'])
PIECES = st.sampled_from(["=", ";", "'", '"', "''", '""', " ", "\n", "OAuth", "a", "\0"])


@given(st.lists(WORDS | PIECES | TEXTS, max_size=20).map("".join))
@example("ProfileSettings=" * 3_000)
def test_any_connection_string_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        found = settings_in(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017  it may come or not
    else:
        assert set(found) <= set(PROPERTIES.values())
        assert all(found.values())


# Settings

OWN = sorted(set(TapIntercom.config_jsonschema["properties"]))
URLS = st.builds("{}{}{}".format, st.sampled_from(["http://", "https:", ""]), TEXTS, TEXTS)
SETTINGS = st.dictionaries(st.sampled_from(OWN), JSON, max_size=4).flatmap(
    lambda odd: st.fixed_dictionaries(
        {"api_key": st.just(TOKEN)},
        optional={
            "api_url": URLS,
            "callback_url": URLS,
            "user_agent": TEXTS,
            "start_date": TEXTS,
            "end_date": TEXTS,
            "oauth_settings_location": TEXTS,
            "connection_string": TEXTS,
        },
    ).map(lambda even: {**even, **odd})
)


@costly
@given(SETTINGS)
@example({"api_key": TOKEN, "user_agent": " acme"})
def test_any_settings_make_a_tap_or_a_sentence(config: dict[str, Any]) -> None:
    try:
        tap = TapIntercom(config=config)
    except SettingsError as error:
        assert all([*error.errors, error.errors])  # noqa: PT017  it may come or not
        return
    client = tap.run.client
    request = requests.Request("GET", URL, headers=client.address.headers)
    assert client.session.prepare_request(request).headers["User-Agent"]
    assert tap.run.token.token or tap.run.token.is_stored


@in_one_folder
@given(content=st.one_of(st.binary(max_size=20), JSON.map(lambda one: json.dumps(one).encode())))
@example(content=b"[" * 100_000)
def test_any_file_of_settings_is_read_or_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    try:
        assert isinstance(read_settings(path), dict)
    except ClickException as error:
        assert str(path) in error.message  # noqa: PT017  it may come or not


# Token stores

TOKENS = st.dictionaries(
    TEXTS,
    st.dictionaries(
        TEXTS, st.fixed_dictionaries({"access_token": st.just("hush") | JSON}) | JSON, max_size=2
    )
    | JSON,
    max_size=2,
)


@in_one_folder
@given(
    content=st.binary(max_size=20) | (TOKENS | JSON).map(lambda one: json.dumps(one).encode()),
    app=TEXTS,
    place=TEXTS,
)
@example(content=b"[" * 100_000, app="app", place="us")
@example(content=b'{"\\ud800": {}}', app="app", place="us")
def test_any_token_store_gives_a_token_or_is_named(
    tmp_path: Path, content: bytes, app: str, place: str
) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    store = TokenStore(path)
    try:
        token = store.read(app, place)
        store.write(app, place, {"access_token": "new"})
    except StoreError as error:
        assert str(path) in error.message  # noqa: PT017  it may come or not
        assert path.read_bytes() == content
    else:
        assert token is None or isinstance(token["access_token"], str)
        assert store.read(app, place) == {"access_token": "new"}


@in_one_folder
@given(name=TEXTS.filter(lambda name: ".." not in name and "~" not in name))
@example(name="a\0b")
@example(name="\ud800")
@example(name="x" * 300)
def test_a_store_may_be_anywhere_or_nowhere(tmp_path: Path, name: str) -> None:
    try:
        store = TokenStore(f"{tmp_path}/folder/{name}")
        store.write("app", "us", {"access_token": "hush"})
        assert store.read("app", "us") == {"access_token": "hush"}
    except StoreError as error:
        assert error.message  # noqa: PT017  it may come or not


# States

BOOKMARKS = st.fixed_dictionaries(
    {}, optional={"replication_key": JSON, "replication_key_value": JSON, "updated_at": JSON}
)
STATES = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {}, optional={"bookmarks": st.dictionaries(STREAM_NAMES, BOOKMARKS | JSON) | JSON}
    ),
)


@pytest.fixture(scope="module")
def carrying() -> TapIntercom:
    """A tap that is given one state after the other."""
    return TapIntercom(config={"api_key": TOKEN, "api_url": URL})


@given(STATES)
def test_any_state_is_carried_over_or_refused_in_a_sentence(
    carrying: TapIntercom, state: Any
) -> None:
    try:
        carrying.load_state(state)
    except ClickException as error:
        assert error.message  # noqa: PT017  it may come or not
    for stream in carrying.streams.values():
        stream.reach()


@pytest.mark.parametrize("option", ["--state", "--catalog"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"name"', b"5", b"[" * 9_999, b"\xff"])
def test_a_file_that_is_no_object_is_named(tmp_path: Path, option: str, content: bytes) -> None:
    path = tmp_path / "handed-over.json"
    path.write_bytes(content)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"api_key": TOKEN, "api_url": URL}))
    result = CliRunner().invoke(TapIntercom.cli, ["--config", str(config), option, str(path)])
    assert isinstance(result.exception, SystemExit)
    assert str(path) in result.output


# Catalogs

METADATA = st.lists(
    st.fixed_dictionaries(
        {
            "breadcrumb": st.just([]) | st.lists(TEXTS, max_size=3),
            "metadata": st.fixed_dictionaries(
                {},
                optional={
                    "selected": SCALARS,
                    "inclusion": st.sampled_from(["available", "automatic", "unsupported"]),
                    "replication-key": TEXTS,
                    "forced-replication-method": TEXTS,
                    "table-key-properties": st.lists(TEXTS, max_size=2),
                    "odd": JSON,
                },
            ),
        }
    ),
    max_size=3,
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", ["object", "null"], ["null", "object"]]),
        "properties": st.dictionaries(
            st.sampled_from(["id", "name", "updated_at"]) | TEXTS,
            st.fixed_dictionaries(
                {},
                optional={"type": st.sampled_from(["string", ["null", "string"], ["integer"]])},
            ),
            max_size=3,
        ),
    },
)
ENTRIES = st.fixed_dictionaries(
    {"tap_stream_id": STREAM_NAMES | TEXTS, "schema": SCHEMAS, "metadata": METADATA},
    optional={
        "stream": TEXTS,
        "key_properties": st.lists(TEXTS, max_size=2) | st.none(),
        "replication_key": TEXTS | st.none(),
        "replication_method": st.sampled_from(["FULL_TABLE", "INCREMENTAL", "LOG_BASED"]),
        "selected": SCALARS,
        "is_view": SCALARS,
    },
)
CATALOGS = st.one_of(
    st.fixed_dictionaries({"streams": st.lists(ENTRIES, max_size=3)}),
    json_of(SCALARS, st.sampled_from(["streams", "schema", "metadata", "breadcrumb"])).filter(
        lambda one: isinstance(one, dict)
    ),
)


@costly
@given(CATALOGS)
@example({"streams": [{}]})
@example({"streams": 5})
def test_any_catalog_is_followed_or_refused_in_a_sentence(catalog: dict[str, Any]) -> None:
    try:
        tap = TapIntercom(config={"api_key": TOKEN, "api_url": URL}, catalog=catalog)
    except ClickException as error:
        assert error.message  # noqa: PT017  it may come or not
        return
    for stream in tap.streams.values():
        row = stream.post_process({"id": 5, "name": ["odd"]})
        assert all(row[key] is not None for key in type(stream).primary_keys)
        assert stream.reach().since is None
