"""The documentation says what is true."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import reliability
import requests
import streams_page
import yaml
from starting import ran

import docs
from tap_intercom.api.pacing import RateLimit
from tap_intercom.sandbox import misfortunes, running
from tap_intercom.streams import STREAMS, tickets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.sandbox import Sandbox
    from tap_intercom.tap import TapIntercom

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])
TEXTS = [
    *PAGES,
    PROJECT / "Makefile",
    PROJECT / "meltano.yml",
    *sorted(PROJECT.glob("examples/ci/*")),
]
README = (PROJECT / "README.md").read_text("utf-8")
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
TROUBLESHOOTING = README.partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
MELTANO = yaml.safe_load((PROJECT / "meltano.yml").read_text("utf-8"))["plugins"]["extractors"][0]


def named(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def blocks(language: str) -> list[Any]:
    """Every fenced block in a language, as a test's parameter."""
    found = [
        (page, block)
        for page in PAGES
        for _, marked, block in FENCED.findall(page.read_text("utf-8"))
        if marked == language
    ]
    return [
        pytest.param(block, id=f"{named(page)}-{number}")
        for number, (page, block) in enumerate(found)
    ]


# What is generated


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/coverage.md",
        "docs/entities-dark.svg",
        "docs/entities-light.svg",
        "docs/settings.md",
        "docs/streams.md",
    ],
)
def test_generated_pages_are_fresh(name: str) -> None:
    assert (PROJECT / name).read_text("utf-8") == docs.pages(README)[name], "run `make docs`"


def test_check_names_what_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in docs.pages(README):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    monkeypatch.setattr(docs, "PROJECT", tmp_path)
    assert docs.main(["--check"]) is None

    stale = tmp_path / "docs/settings.md"
    stale.write_text(stale.read_text("utf-8").replace("`600`", "`700`"), "utf-8")
    assert "docs/settings.md" in str(docs.main(["--check"]))
    assert docs.main([]) is None
    assert docs.main(["--check"]) is None


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_stream_says_in_one_sentence_what_it_is(stream: type[Any]) -> None:
    assert re.fullmatch(r"[A-Z][^.]*\.", streams_page.sentence(stream))
    assert f"\n### {stream.name}\n" in (PROJECT / "docs/streams.md").read_text("utf-8")
    mark = "● " if stream.selected_by_default else ""
    assert f"\n| {mark}[`{stream.name}`](docs/streams.md#{stream.name}) |" in README


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_stream_tells_its_cost_and_its_permission(stream: type[Any]) -> None:
    page = (PROJECT / "docs/streams.md").read_text("utf-8")
    told = page.partition(f"\n### {stream.name}\n")[2].partition("\n### ")[0]
    facts = dict(re.findall(r"^- (.+?): (.+)$", told, re.MULTILINE))
    assert {"Key", "Replication", "Calls", "API version", "Permission"} <= facts.keys()
    assert facts["Selected by default"] == ("yes" if stream.selected_by_default else "no")
    assert stream.permission in facts["Permission"] or "every token" in facts["Permission"]


def test_what_is_remarked_is_about_streams() -> None:
    names = {stream.name for stream in STREAMS}
    assert streams_page.REMARKS.keys() | streams_page.PAGES_OF_ITS_OWN.keys() <= names


@pytest.mark.parametrize("name", docs.properties())
def test_every_setting_is_described(name: str) -> None:
    page = (PROJECT / "docs/settings.md").read_text("utf-8")
    assert f"| `{name}` | `TAP_INTERCOM_{name.upper()}` |" in page


def kind(declared: dict[str, Any]) -> str:
    """What Meltano calls the kind of a setting."""
    if "enum" in declared:
        return "options"
    if declared.get("format") == "date-time":
        return "date_iso8601"
    return next(one for one in declared["type"] if one != "null")


@pytest.mark.parametrize("setting", MELTANO["settings"], ids=lambda setting: setting["name"])
def test_meltano_knows_the_kind_of_every_setting(setting: dict[str, Any]) -> None:
    assert setting["kind"] == kind(docs.properties()[setting["name"]])


def test_architecture_has_the_question_of_every_room() -> None:
    page = (PROJECT / "docs/architecture.md").read_text("utf-8")
    package = PROJECT / "tap_intercom"
    for module in [*package.glob("[a-z]*.py"), *package.glob("*/*.py")]:
        if module.parent.name in {"sandbox", "streams"} and module.stem != "__init__":
            continue  # these are one room to the page
        room = str(module.relative_to(package).with_suffix("")).removesuffix("/__init__")
        docstring = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
        question = " ".join(docstring.partition("?")[0].split()) + "?"
        assert f"| `{room}` | {question} |" in page


def noted_figures() -> set[str]:
    """The figures that tests note, by the names they give them."""
    found: set[str] = set()
    for path in sorted((PROJECT / "tests").rglob("test_*.py")):
        found |= set(re.findall(r'record_property\(\s*"([^"]+)"', path.read_text("utf-8")))
    return found


def test_the_figures_of_reliability_are_those_that_tests_note() -> None:
    assert reliability.FIGURES.keys() - noted_figures() == {reliability.INPUTS}
    page = (PROJECT / "docs/reliability.md").read_text("utf-8")
    for what in reliability.FIGURES.values():
        assert re.search(rf"^\| {re.escape(what)} \| [1-9][\d,]* \| 0 \|$", page, re.MULTILINE), (
            what
        )


def test_figures_are_added_up(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    properties = '<property name="kills" value="{}"/><property name="other" value="x"/>'
    cases = "".join(f"<testcase>{properties.format(count)}</testcase>" for count in (2, 1_000))
    report.write_text(f"<testsuites>{cases}</testsuites>")
    assert reliability.tried(report) == {"kills": 1_002}
    assert "| 1,002 | 0 |" in reliability.table(reliability.tried(report))


def test_files_that_reliability_names_are_there() -> None:
    page = (PROJECT / "docs/reliability.md").read_text("utf-8")
    there = {path.name for path in (PROJECT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"test_\w+\.py", page)) <= there


# What is quoted


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    with running(size=40) as sandbox:
        yield sandbox


NOBODY = "http://127.0.0.1:9"

# What the tap runs with -> the beginnings of the quoted messages that it then prints.
QUOTED: list[tuple[dict[str, Any], list[str]]] = [
    ({"api_key": ""}, ["No token"]),
    ({"api_key": "demo-revoked"}, ["Intercom answered 401"]),
    ({"api_url": NOBODY}, ["https://api.intercom.io could"]),
    (
        {"api_key": "demo-no-permission-tickets", "api_version": "2.15"},
        ["Left out tickets", "Left out deleted_conversations"],
    ),
    ({"api_key": "demo-no-part-types"}, ["Intercom gives only"]),
    ({"api_key": "demo-scroll-held"}, ["Intercom answered 400 (scroll_exists)"]),
]
ELSEWHERE = "The rate limit is spent"


def tapped(settings: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tap as a person does, with a file of settings."""
    config = folder / "config.json"
    config.write_text(json.dumps(settings))
    env = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    # A run would wait for a quarter of an hour.
    briefly = ["--test"] if settings.get("api_url") == NOBODY else []
    return ran("tap-intercom", "--config", str(config), *briefly, cwd=folder, env=env)


def quotes() -> list[str]:
    return [" ".join(block.split()) for _, _, block in FENCED.findall(TROUBLESHOOTING)]


def quote(beginning: str) -> re.Pattern[str]:
    [text] = [text for text in quotes() if text.startswith(beginning)]
    text = text.replace("https://api.intercom.io", "…")
    return re.compile(".*".join(map(re.escape, text.split("…"))))


def test_every_quoted_message_is_tried() -> None:
    beginnings = [ELSEWHERE, *(one for _, messages in QUOTED for one in messages)]
    assert len(quotes()) == len(beginnings)
    assert all(any(text.startswith(one) for one in beginnings) for text in quotes())


@pytest.mark.parametrize(("settings", "beginnings"), QUOTED)
def test_quoted_messages_are_what_the_tap_says(
    settings: dict[str, Any], beginnings: list[str], workspace: Sandbox, tmp_path: Path
) -> None:
    run = tapped({"api_key": "demo", "api_url": workspace.url} | settings, tmp_path)
    for beginning in beginnings:
        assert quote(beginning).search(run.stderr), run.stderr
    assert "Traceback" not in run.stderr


def test_the_demo_loads_as_many_rows_as_is_shown(tmp_path: Path) -> None:
    shown = dict(re.findall(r"^  (\w+) +\d* +([\d,]+) ", README, re.MULTILINE))
    [example] = [block for _, language, block in FENCED.findall(README) if language == "json"]
    with running() as sandbox:
        run = tapped({"api_key": "demo", "api_url": sandbox.url}, tmp_path)
    messages = map(json.loads, run.stdout.splitlines())
    records = [one for one in messages if one["type"] == "RECORD"]
    loaded = Counter(one["stream"] for one in records)
    assert {name: f"{loaded[name]:,}" for name in shown} == shown
    expected = json.loads(example)
    assert expected["record"] in (one["record"] for one in records)
    assert expected.keys() == records[0].keys()


def test_the_check_says_what_is_shown(tmp_path: Path) -> None:
    [shown] = [text for _, _, text in FENCED.findall(README) if text.startswith("Connected as")]
    with running() as sandbox:
        settings = {"api_key": "demo-no-permission-tickets", "api_url": sandbox.url}
        (tmp_path / "config.json").write_text(json.dumps(settings))
        run = ran("tap-intercom-check", "--config", "config.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    pieces = [" ".join(piece.split()) for piece in shown.split("…")]
    assert re.search(".*".join(map(re.escape, pieces)), " ".join(run.stdout.split())), run.stdout


def test_the_quoted_wait_is_what_pacing_says(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    limit = RateLimit(clock=lambda: now, sleep=sleep)
    limit.learn(
        limit.take(),
        {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1780315210"}
        | {"Date": "Mon, 01 Jun 2026 12:00:00 GMT"},
    )
    with caplog.at_level("INFO"):
        limit.take()
    assert quote(ELSEWHERE).fullmatch(caplog.messages[0])


# What is to be typed


@pytest.mark.parametrize("script", blocks("sh"))
def test_shell_is_well_formed(script: str) -> None:
    checked = subprocess.run(
        ["sh", "-n"], input=script, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def example(beginning: str) -> Any:
    """The compiled example of CONTRIBUTING that begins in this way."""
    [source] = [
        block
        for _, language, block in FENCED.findall((PROJECT / "CONTRIBUTING.md").read_text("utf-8"))
        if language == "python" and block.startswith(beginning)
    ]
    return compile(source, "CONTRIBUTING.md", "exec")


def test_the_example_of_a_stream_works(
    workspace: Sandbox, make_tap: Callable[..., TapIntercom]
) -> None:
    tap = make_tap(api_key="demo", api_url=workspace.url)
    names = {**vars(tickets), "__name__": "example"}
    exec(example("class "), names)
    stream = names["TicketContacts"](tap, tap.run)
    assert stream.name not in {one.name for one in STREAMS}, "take one that is not there yet"
    rows = [stream.post_process(row) for row in stream.get_records()]
    assert rows
    assert all(row["id"] and row["ticket_id"] and row["ticket_updated_at"] for row in rows)
    assert not any(row["_rescued_data"] for row in rows)
    assert not tap.run.audit.left_out


def test_the_example_of_a_misfortune_works(
    workspace: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misfortunes, "MISFORTUNES", dict(misfortunes.MISFORTUNES))
    names = dict(vars(misfortunes))
    exec(example("def "), names)
    exec(example("MISFORTUNES"), names)
    headers = {"Authorization": "Bearer demo-restarting", "Intercom-Version": "2.17"}
    answers = [
        requests.get(f"{workspace.url}/me", headers=headers, timeout=60).status_code
        for _ in range(5)
    ]
    assert answers == [503, 503, 503, 200, 200]


@pytest.mark.parametrize("line", blocks("json"))
def test_json_is_well_formed(line: str) -> None:
    assert all(map(json.loads, line.splitlines()))


def test_the_meltano_snippet_agrees_with_meltano_yml() -> None:
    [snippet] = [
        yaml.safe_load(block) for _, kind, block in FENCED.findall(README) if kind == "yaml"
    ]
    [extractor] = snippet["plugins"]["extractors"]
    for name in ("name", "namespace", "executable"):
        assert extractor[name] == MELTANO[name]
    assert set(extractor["capabilities"]) <= set(MELTANO["capabilities"])
    known = {setting["name"]: setting for setting in MELTANO["settings"]}
    for setting in extractor["settings"]:
        assert setting.items() <= known[setting["name"]].items()
    assert set(extractor["config"]) <= set(known)
    chosen = {pattern.lstrip("!").partition(".")[0] for pattern in extractor["select"]}
    assert chosen <= {stream.name for stream in STREAMS}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_has_every_command_that_is_mentioned(page: Path) -> None:
    text = page.read_text("utf-8")
    mentioned = set(re.findall(r"`make ([a-z-]+)[`\s]|^make ([a-z-]+)", text, re.MULTILINE))
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {one or other for one, other in mentioned} <= set(targets)


# Links


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    text = FENCED.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {one.strip().replace(" ", "-") for one in kept}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        reached = (page.parent / path) if path else page
        assert reached.exists(), target
        assert not anchor or anchor in anchors(reached), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_two_headings_have_one_anchor(page: Path) -> None:
    text = FENCED.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert len(headings) == len(anchors(page))


@pytest.mark.parametrize("page", TEXTS, ids=named)
def test_text_is_a_hundred_columns_wide(page: Path) -> None:
    text = page.read_text("utf-8")
    text = FENCED.sub("", text) if page.suffix == ".md" else text
    lines = [line for line in text.splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > 100 and " " in line.strip()] == []


def test_every_page_is_linked_from_somewhere() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for page in PROJECT.glob("docs/*.md"):
        assert re.search(rf"\]\(([./]*docs/)?{page.name}[)#]", text), page.name
