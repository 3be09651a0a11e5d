"""What the answers look like is written for others to read, and nothing of what was in them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from runs import CUSTOM_OBJECT_TYPES, NAMES
from starting import ran
from terminal import environment

from tap_intercom.api.pacing import PacedAdapter
from tap_intercom.cli.check import check_access
from tap_intercom.sandbox import Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

# What a request is made of, or a record told by: it stays as it is.
KEPT = re.compile(r"(^|_)ids?$|^(type|starting_after|next|full_name)$")
WORD = re.compile(r"[a-z_.]+")


class Planted:
    """Personal details in each answer: in all texts and numbers, and as names in all objects."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.numbers: set[float] = set()
        self._count = count(1)

    def keep(self, secret: str) -> str:
        self.secrets.add(secret)
        return secret

    def letters(self) -> str:
        number = next(self._count)
        return "".join(string.ascii_lowercase[int(one)] for one in f"{number:06}")

    def text(self) -> str:
        own = self.letters()
        forms = (
            f"Jane {own} Roe", f"{own}@example.com", f"+1 555 {next(self._count):07}",
            f"https://example.com/{own}", f"<p>{own}</p>", f"secret_{own}",
            f"2031-01-01T00:00:{next(self._count) % 60:02}.{next(self._count):06}Z",
            hashlib.md5(own.encode()).hexdigest(), f"{next(self._count) + 10**12}",
        )  # fmt: skip
        return self.keep(forms[next(self._count) % len(forms)])

    def names(self, *, are_users: bool) -> list[str]:
        own = self.letters()
        names = [
            f"Jane {own} Roe", f"{own}@example.com", f"{next(self._count) + 10**7}",
            hashlib.md5(own.encode()).hexdigest()[:24], f"naïve_{own}", f"_{own}", f"{own}_123",
            f"Salary{own}", "secret_" * 12 + own, f"{own}.{own}",
        ]  # fmt: skip
        # As Intercom spells its own; what an open object holds is named by users all the same.
        names = [f"secret_{own}", *names] if are_users else names
        start = next(self._count)
        return [self.keep(names[(start + at) % len(names)]) for at in range(3)]

    def inside(self, value: Any, name: str = "", *, are_users: bool = False) -> Any:
        """Plant what nobody may see into what is under a name."""
        if KEPT.search(name) or value is None or isinstance(value, bool):
            self.stays(value)
            return value
        if isinstance(value, str):
            return self.text()
        if isinstance(value, (int, float)):
            number = value if "count" in name else next(self._count) + 5_000_000
            self.numbers.add(number)
            return number
        if isinstance(value, list):
            return [self.inside(one, name, are_users=are_users) for one in value]
        are_users = are_users or name in OPEN
        planted = {
            (self.keep(f"secret_{self.letters()}") if are_users else inner): self.inside(
                one, inner, are_users=are_users
            )
            for inner, one in value.items()
        }
        more = {inner: [{inner: self.text()}] for inner in self.names(are_users=are_users)}
        return {**planted, **more}

    def stays(self, value: Any) -> None:
        """Look for what is left as it is, too, but for words."""
        if isinstance(value, str) and not WORD.fullmatch(value):
            self.secrets.add(value)
        elif isinstance(value, (int, float)):
            self.numbers.add(value)
        elif isinstance(value, (list, dict)):
            for one in value if isinstance(value, list) else value.values():
                self.stays(one)


OPEN = {
    "custom_attributes", "ticket_attributes", "metadata", "event_details", "translated_content",
    "input_options", "translations",
}  # fmt: skip


def written(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and what could be made of it."""
    raw = secret.encode()
    yield secret
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        yield hashlib.new(name, raw).hexdigest()
    yield base64.b64encode(raw).decode().rstrip("=")
    yield raw.hex()


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with running(size=6) as sandbox:
        yield sandbox


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Planted:
    """See to it that each answer is full of personal details."""
    planted, send = Planted(), PacedAdapter.send

    def answered(self: PacedAdapter, *args: Any, **kwargs: Any) -> requests.Response:
        response = send(self, *args, **kwargs)
        body = json.loads(response.content)
        if response.ok:
            body = planted.inside(body)
        else:
            body["errors"] = [
                {"code": planted.names(are_users=False)[0], "message": planted.text()}
            ]
            body["request_id"] = planted.text()
        response._content = json.dumps(body).encode()  # noqa: SLF001
        return response

    monkeypatch.setattr(PacedAdapter, "send", answered)
    return planted


def settings(sandbox: Sandbox, folder: Path, token: str = "demo", **more: Any) -> list[str]:
    config = {"api_key": token, "api_url": sandbox.url, **more}
    config["custom_object_types"] = CUSTOM_OBJECT_TYPES
    (folder / "config.json").write_text(json.dumps(config))
    return ["--config", str(folder / "config.json")]


def leaves(value: Any) -> Iterator[Any]:
    """Yield all names and values of what is written as JSON."""
    if isinstance(value, dict):
        yield from value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, (dict, list)):
            yield from leaves(one)
        else:
            yield one


@pytest.mark.parametrize(
    ("token", "custom_attributes"), [("demo", "open"), ("demo-no-permission-tickets", "typed")]
)
def test_nothing_personal_is_in_the_file_nor_on_the_screen(
    small: Sandbox, planted: Planted, tmp_path: Path, token: str, custom_attributes: str
) -> None:
    options = settings(small, tmp_path, token, custom_attributes=custom_attributes)
    done = CliRunner().invoke(check_access, [*options, "--shapes", str(tmp_path / "shapes.json")])
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "shapes.json").read_text("utf-8"))
    found = list(leaves(told))
    text = "\n".join({one for one in found if isinstance(one, str)}) + done.output
    secrets = {one for one in planted.secrets if len(one) >= 4}
    assert len(secrets) > 5_000
    seen = (secret for secret in sorted(secrets) for one in written(secret) if one in text)
    assert next(seen, None) is None
    numbers = {one for one in found if isinstance(one, (int, float)) and one >= 5_000}
    assert numbers & planted.numbers == set()
    assert token not in text.split()
    assert sorted(told["streams"]) == NAMES
    assert told["streams"]["contacts"]["fields"]["email"]["types"].keys() >= {"string"}
    assert "custom_attributes.*" in told["streams"]["contacts"]["fields"]


def looked(sandbox: Sandbox, folder: Path, token: str = "demo", **more: Any) -> dict[str, Any]:
    """Read what is written for a workspace."""
    done = CliRunner().invoke(
        check_access, [*settings(sandbox, folder, token, **more), "--shapes", "-"]
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_it_tells_what_each_stream_was_answered(small: Sandbox, tmp_path: Path) -> None:
    told = looked(small, tmp_path, api_version="2.16")
    assert (told["api_version"], told["region"]) == ("2.16", "us")
    contacts = told["streams"]["contacts"]
    there = len(small.records("contacts"))
    assert (contacts["access"], contacts["answers"], contacts["rows"]) == ("OK", 1, there)
    assert contacts["counts"] == [{"rows": there, "said": there, "is_all": True, "times": 1}]
    assert contacts["fields"]["id"]["forms"] == {"24 hexadecimal digits": there}
    assert contacts["fields"]["created_at"]["forms"] == {"like seconds": there}
    assert contacts["fields"]["tags.data[].type"]["kinds"].keys() == {"tag"}
    assert contacts["around"]["pages.per_page"]["types"] == {"integer": 1}
    # Rows that lie in others, and those of a few parents, with the parent around them.
    assert told["streams"]["ticket_parts"]["rows"] > 0
    assert told["streams"]["company_tags"]["rows"] > 0
    parts = told["streams"]["conversation_parts"]
    assert parts["answers"] == 3
    assert parts["around"]["source.author.email"]["there"] == 3
    assert "conversation_parts.conversation_parts" not in parts["around"]
    assert told["streams"]["folders"] == {"access": "not in the version"}
    assert told["streams"]["report_call"]["access"] == "OK"
    assert "data[].attributes[].name" in told["streams"]["report_admin_status_change"]["around"]
    assert "workspace" not in told["differences"]
    assert told["rate_limit"]["limit"]["least"] == 1667
    assert told["rate_limit"].keys() > {"clock_ahead_seconds", "reset_after_seconds"}


def test_no_job_is_begun_and_no_scroll_opened(small: Sandbox, tmp_path: Path) -> None:
    small.reset()
    looked(small, tmp_path)
    asked = {(one["method"], one["path"]) for one in small.log()}
    posted = {path for method, path in asked if method == "POST"}
    assert posted <= {f"/{name}/search" for name in ("contacts", "conversations", "tickets")} | {
        "/calls/search",
        "/companies/list",
    }
    assert "/companies/scroll" not in {path for _, path in asked}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small workspace of one's own."""
    with running(size=6) as sandbox:
        yield sandbox


def test_what_differs_is_said_in_a_screen(sandbox: Sandbox, tmp_path: Path) -> None:
    contact, ticket = sandbox.records("contacts")[0], sandbox.records("tickets")[0]
    location = {**contact["location"], "planet_name": "Jane Roe"}
    new = {"new_field": {"name": "Jane Roe", "Jane Roe": 1}, "Jane Roe": 2, "os": ["Jane Roe"]}
    sandbox.put("contacts", {**contact, **new, "location": location})
    parts = ticket["ticket_parts"]
    sandbox.put("tickets", {**ticket, "ticket_parts": {**parts, "total_count": 700}})
    options = settings(sandbox, tmp_path, "demo-no-permission-articles")
    done = CliRunner().invoke(check_access, [*options, "--shapes", str(tmp_path / "shapes.json")])
    assert done.exit_code == 0
    lines = [line.strip() for line in done.output.splitlines()]
    assert "What differs from what the tap expects:" in lines
    assert "contacts: new_field: object is not declared, once" in lines
    assert "contacts: location.planet_name: string is not declared, once" in lines
    assert "contacts: os: array where string is declared, once" in lines
    assert "contacts: *: integer is not declared, once" in lines
    held = len(parts["ticket_parts"])
    assert f"ticket_parts: {held} records where Intercom says 700, once" in lines
    assert "articles: no permission" in lines
    assert any(re.fullmatch(r"articles: Intercom answered 40\d \(\w+\)", line) for line in lines)
    assert lines[-2].startswith(f"What the answers look like is in {tmp_path / 'shapes.json'}")
    assert lines[-1].startswith("Nothing was sent to anybody.")
    assert "Jane" not in done.output
    fields = json.loads((tmp_path / "shapes.json").read_text())["streams"]["contacts"]["fields"]
    assert fields["new_field"]["declared"] == "not"
    assert {one for one in fields if one.startswith("new_field.")} == {
        "new_field.*",
        "new_field.name",
    }


@pytest.mark.parametrize("kind", ["empty", "html403", "reset", "500", "rate-limited"])
def test_what_failed_is_told_too(small: Sandbox, tmp_path: Path, kind: str) -> None:
    told = looked(small, tmp_path, f"demo-{kind}-once")
    expected = {
        "empty": (200, "not JSON"),
        "html403": (403, "not from Intercom's API"),
        "reset": (None, "silent"),
        "500": (500, "server_error"),
        "rate-limited": (429, "rate_limit_exceeded"),
    }
    assert expected[kind] in {(one["status"], one["said"]) for one in told["refused"]}
    assert told["streams"]["contacts"]["access"] == "OK"


# As a person meets it


def test_a_person_gets_a_file_and_a_screen(small: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "shapes.json"
    path.write_text("what was there before")
    done = ran(
        "tap-intercom-check",
        "--shapes",
        str(path),
        *settings(small, tmp_path),
        env=environment(tmp_path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) <= 30
    assert "admin0@example.com" not in done.stdout
    assert json.loads(path.read_text("utf-8"))["streams"].keys() == {*NAMES}


def test_both_reports_are_to_be_had(small: Sandbox, tmp_path: Path) -> None:
    options = [*settings(small, tmp_path), "--json", "--shapes"]
    done = CliRunner().invoke(check_access, [*options, str(tmp_path / "shapes.json")])
    assert json.loads(done.stdout)["workspace"]["id"] == "sandbox1"
    assert json.loads((tmp_path / "shapes.json").read_text("utf-8"))["streams"]
    done = CliRunner().invoke(check_access, [*options, "-"])
    assert done.exit_code == 2
    assert "--json and --shapes - want standard output both." in done.output


def test_where_it_cannot_be_written_is_said(small: Sandbox, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "shapes.json")
    done = CliRunner().invoke(check_access, [*settings(small, tmp_path), "--shapes", nowhere])
    assert done.exit_code == 1
    assert f"{nowhere} cannot be written: No such file or directory." in done.output
    done = CliRunner().invoke(
        check_access, [*settings(small, tmp_path, "demo-revoked"), "--shapes", nowhere]
    )
    assert done.exit_code == 1
    assert "401" in done.output
