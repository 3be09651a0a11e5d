"""What people do with a tap under Meltano, beside running it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from truth import BY_NAME, TABLES, truth

if TYPE_CHECKING:
    from pathlib import Path

    from cloned import Meltano
SELECT = "TAP_INTERCOM__SELECT"


@pytest.fixture(scope="module")
def catalog(meltano: Meltano) -> Any:
    return json.loads(meltano("invoke", "tap-intercom", "--discover"))


def messages(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def records(output: str) -> list[Any]:
    return [message["record"] for message in messages(output) if message["type"] == "RECORD"]


def test_config_test_says_whether_the_settings_work(meltano: Meltano) -> None:
    assert "is valid" in meltano("config", "test", "tap-intercom")
    meltano("config", "test", "tap-intercom", code=1, TAP_INTERCOM_API_KEY="demo-revoked")


def test_config_print_hides_the_token(meltano: Meltano) -> None:
    shown = json.loads(meltano("config", "print", "tap-intercom", TAP_INTERCOM_API_KEY="hush"))
    assert "hush" not in json.dumps(shown)
    assert shown["lookback_seconds"] == 600


def test_an_api_key_may_be_called_access_token(meltano: Meltano, workspace: Any) -> None:
    keyless = replace(meltano, settings={"TAP_INTERCOM_API_URL": workspace.url})
    keyless("config", "test", "tap-intercom", code=1)
    keyless("config", "test", "tap-intercom", TAP_INTERCOM_ACCESS_TOKEN="demo")


def test_a_connection_string_is_enough(meltano: Meltano, workspace: Any) -> None:
    keyless = replace(meltano, settings={"TAP_INTERCOM_API_URL": workspace.url})
    text = r"Profile=C:\profiles\Intercom.apip;ProfileSettings='APIKey=demo';"
    keyless("config", "test", "tap-intercom", TAP_INTERCOM_CONNECTION_STRING=text)
    shown = keyless("config", "print", "tap-intercom", TAP_INTERCOM_CONNECTION_STRING=text)
    assert "APIKey" not in shown


def test_check_and_login_are_commands_of_the_plugin(meltano: Meltano, tmp_path: Path) -> None:
    report = json.loads(meltano("invoke", "tap-intercom:check", "--json"))
    assert {one["stream"] for one in report["streams"]} == set(TABLES)
    app = {
        "TAP_INTERCOM_OAUTH_CLIENT_ID": "demo-app",
        "TAP_INTERCOM_OAUTH_CLIENT_SECRET": "demo-app-secret",
        "TAP_INTERCOM_OAUTH_SETTINGS_LOCATION": str(tmp_path / "tokens.json"),
    }
    assert "Nobody is logged in" in meltano("invoke", "tap-intercom:logout", **app)
    meltano("invoke", "tap-intercom:login", code=1, **app)  # there is nobody who could answer


def test_about_lists_the_settings(meltano: Meltano) -> None:
    about = meltano("invoke", "tap-intercom", "--about", "--format=markdown")
    assert "| api_key |" in about
    assert "| lookback_seconds | False | 600 |" in about


def test_discover_lists_the_streams(catalog: Any) -> None:
    assert sorted(stream["tap_stream_id"] for stream in catalog["streams"]) == TABLES


def test_test_asks_every_stream_for_a_record(meltano: Meltano) -> None:
    """But for exports, which would have to be waited for: it asks whether it may begin them."""
    tested = messages(meltano("invoke", "tap-intercom", "--test"))
    assert {one["stream"] for one in tested if one["type"] == "SCHEMA"} == set(TABLES)
    exports = {table for table in TABLES if table.startswith(("content_export_", "report_"))}
    assert {one["stream"] for one in tested if one["type"] == "RECORD"} == set(TABLES) - exports


def test_what_costs_many_calls_is_left_out_unless_it_is_chosen(meltano: Meltano) -> None:
    settings = {name: meltano.settings[name] for name in meltano.settings if name != SELECT}
    unchosen = replace(meltano, settings=settings)
    default = {name for name, stream in BY_NAME.items() if stream.selected_by_default}
    assert selected(unchosen) == default < set(TABLES)
    assert selected(meltano) == set(TABLES)


def selected(meltano: Meltano) -> set[str]:
    """The streams that Meltano tells the tap to read."""
    catalog = json.loads(meltano("invoke", "--dump=catalog", "tap-intercom"))
    return {
        stream["tap_stream_id"]
        for stream in catalog["streams"]
        for entry in stream["metadata"]
        if entry["breadcrumb"] == [] and entry["metadata"]["selected"]
    }


def test_catalog_chooses_streams_and_state_chooses_rows(
    meltano: Meltano, workspace: Any, catalog: Any, tmp_path: Path
) -> None:
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"] == []:
                entry["metadata"]["selected"] = stream["tap_stream_id"] == "contacts"
    chosen, state = tmp_path / "catalog.json", tmp_path / "state.json"
    chosen.write_text(json.dumps(catalog))

    all_of_them = meltano("invoke", "tap-intercom", "--catalog", str(chosen))
    assert len(records(all_of_them)) == len(truth(workspace, "contacts"))
    assert {one["stream"] for one in messages(all_of_them) if "stream" in one} == {"contacts"}

    last = [one["value"] for one in messages(all_of_them) if one["type"] == "STATE"][-1]
    state.write_text(json.dumps(last))
    the_newest = meltano("invoke", "tap-intercom", "--catalog", str(chosen), "--state", str(state))
    assert 0 < len(records(the_newest)) < len(records(all_of_them))
