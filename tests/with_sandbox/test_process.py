"""Whatever a program finds around it: it works, or says in a sentence why not, and in its code."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from runs import catalog_of
from starting import ran
from terminal import PATIENCE, PROGRAMS, environment
from thorough import the_first_of

from tap_intercom.api.address import base_url
from tap_intercom.api.surroundings import is_here
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

TAP, CHECK, LOGIN = "tap-intercom", "tap-intercom-check", "tap-intercom-login"
SANDBOX = "tap-intercom-sandbox"


class Shell:
    """A folder of a person, and programs started in it by a shell."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.settings = {"api_key": "demo", "api_url": url}
        self.oauth = {"oauth_access_token": "demo", "oauth_client_id": "app", "api_url": url}
        self.write("catalog.json", json.dumps(catalog_of("tags", "contacts")))
        self.set()

    def write(self, name: str, text: str, encoding: str = "utf-8") -> None:
        (self.folder / name).write_text(text, encoding)

    def set(self, **settings: Any) -> None:
        self.write("config.json", json.dumps({**self.settings, **settings}))
        self.write("oauth.json", json.dumps({**self.oauth, **settings}))

    def run(self, line: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Have bash run a line, in which programs are called by their names."""
        around = environment(self.folder, **env)
        around["PATH"] = f"{PROGRAMS}:{around['PATH']}"
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=around,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            encoding="utf-8",
        )

    def quickly(self, line: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a line that is one program, which need not be loaded for that."""
        return ran(*line.split(), cwd=self.folder, env=environment(self.folder, **env))


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    """A workspace whose scroll a run that was ended does not hold for long."""
    with running(size=60, scroll_expiry=0.3) as sandbox:
        yield sandbox


@pytest.fixture
def shell(tmp_path: Path, workspace: Sandbox) -> Shell:
    return Shell(tmp_path, workspace.url)


def failed(done: subprocess.CompletedProcess[str], code: int, said: str) -> None:
    """See that a program has ended with a code and one sentence."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert said in sentence


SYNC = f"{TAP} --config config.json --catalog catalog.json"
LINES = {
    "sync": SYNC,
    "discover": f"{TAP} --config config.json --discover",
    "about": f"{TAP} --about --format json",
    "test": f"{TAP} --config config.json --test=schema",
    "version": f"{TAP} --version",
    "check": f"{CHECK} --config config.json",
    "check for programs": f"{CHECK} --json --config config.json",
    "login": f"{LOGIN} --status --config oauth.json",
    "sandbox": f"{SANDBOX} --help",
}
USED = ("sync", "check", "login")
every_line = pytest.mark.parametrize("line", LINES)
every_use = pytest.mark.parametrize("line", USED)


# Standard streams


@every_line
@pytest.mark.parametrize("where", [">/dev/full", *the_first_of(">&- <&-", ">&-")])
def test_an_output_that_takes_nothing_is_said(shell: Shell, line: str, where: str) -> None:
    failed(shell.run(f"{LINES[line]} {where}"), 1, "Standard output cannot be written: ")


@every_line
@pytest.mark.parametrize("where", ["2>/dev/full", *the_first_of("2>&- <&-", "2>&-")])
def test_a_log_that_nobody_can_read_costs_nothing(shell: Shell, line: str, where: str) -> None:
    done = shell.run(f"{LINES[line]} {where}")
    assert done.returncode == 0
    assert len(done.stdout) > len(line)


def test_nor_does_it_change_the_exit_code(shell: Shell) -> None:
    shell.set(region="mars")
    assert shell.run(f"{LINES['check']} 2>/dev/full").returncode == 2
    assert shell.run(f"{LINES['sync']} >&- 2>&- <&-").returncode == 2


@pytest.mark.parametrize("line", ["sync", "discover", "about", "check"])
def test_an_output_that_will_not_wait_is_waited_for(shell: Shell, line: str) -> None:
    whole = shell.run(LINES[line]).stdout
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4_096)
    first, *rest = LINES[line].split()
    with subprocess.Popen(
        [PROGRAMS / first, *rest],
        cwd=shell.folder,
        env=environment(shell.folder),
        stdout=writes,
        stderr=subprocess.DEVNULL,
    ) as program:
        os.close(writes)
        time.sleep(1)  # by now there is no room
        with os.fdopen(reads, "rb") as output:
            written = output.read()
        assert program.wait(PATIENCE) == 0
    assert written.count(b"\n") == whole.count("\n")


@pytest.mark.parametrize("line", ["sync", "discover", "check"])
def test_a_target_that_reads_nothing_is_said(shell: Shell, line: str) -> None:
    done = shell.run(f"set -o pipefail; {LINES[line]} | true")
    failed(done, 1, "The target ended before the tap did")


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_target_that_never_reads_holds_up_no_end(shell: Shell, number: signal.Signals) -> None:
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4_096)
    with subprocess.Popen(
        [PROGRAMS / TAP, "--config", "config.json"],
        cwd=shell.folder,
        env=environment(shell.folder),
        stdout=writes,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stderr
        for line in program.stderr:
            if b"Beginning" in line:
                break
        time.sleep(1)  # by now there is no room
        program.send_signal(number)
        code = program.wait(PATIENCE)
    for one in (reads, writes):
        os.close(one)
    assert code == 128 + number


DEAF = """
import signal, time
from tap_intercom.ending import as_a_program
with as_a_program():
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.raise_signal(signal.SIGTERM)
    time.sleep(600)
"""


def test_nor_does_a_call_that_python_cannot_leave() -> None:
    assert ran("-c", DEAF).returncode == 128 + signal.SIGTERM


# What is handed over


@every_use
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STREAM_MAPS", "{"),
        ("STREAM_MAPS", '{"tags": NaN}'),
        ("STREAM_MAP_CONFIG", "x"),
        ("FAKER_CONFIG", "["),
        ("BATCH_CONFIG", "{"),
        ("FLATTENING_ENABLED", "x"),
        ("FLATTENING_MAX_DEPTH", "deep"),
        ("STRICT", "ture"),
        ("STRICT", "NaN"),
        ("MAX_CONCURRENCY", "1e3"),
        ("CUSTOM_OBJECT_TYPES", '["orders"'),
        ("LOGLEVEL", "loud"),
    ],
)
def test_a_setting_of_the_environment_that_is_none_is_named(
    shell: Shell, line: str, name: str, value: str
) -> None:
    env = {f"TAP_INTERCOM_{name}": value}
    failed(shell.quickly(f"{LINES[line]} --config ENV", **env), 2, f"TAP_INTERCOM_{name} m")


@pytest.mark.parametrize("value", ["true", "FALSE", "1", "off", ""])
def test_what_the_sdk_reads_of_it_is_good(shell: Shell, value: str) -> None:
    assert shell.quickly(f"{SYNC} --config ENV", TAP_INTERCOM_STRICT=value).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stream_maps", '{"tags": {"x": "1 +"}}'),
        ("stream_maps", '{"tags": 5}'),
        ("stream_maps", '{"__else__": 5}'),
        ("stream_maps", '{"tags": {"__key_properties__": ["nope"]}}'),
        ("batch_config", '{"encoding": {}}'),
        (
            "batch_config",
            '{"encoding": {"format": "jsonl"}, "storage": {"root": "x"}, "batch_size": 0}',
        ),
        ("batch_config", '{"encoding": {"format": "parquet"}, "storage": {"root": "x"}}'),
        ("flattening", '{"flattening_max_depth": null}'),
    ],
)
def test_nor_has_a_setting_of_the_sdk_a_traceback(shell: Shell, name: str, value: str) -> None:
    shell.set(**(json.loads(value) if name == "flattening" else {name: json.loads(value)}))
    env = {"TAP_INTERCOM_FLATTENING_ENABLED": "true"} if name == "flattening" else {}
    failed(shell.quickly(f"{SYNC} --config ENV", **env), 2, name)


def test_a_way_of_logging_that_is_none_is_named(shell: Shell) -> None:
    failed(shell.quickly(SYNC, LOGLEVEL="loud"), 2, "LOGLEVEL may be")
    env = {"SINGER_SDK_LOG_CONFIG": "config.json"}
    failed(shell.quickly(SYNC, **env), 2, "SINGER_SDK_LOG_CONFIG names no file")


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    "line",
    [
        f"{SYNC} --state odd.json",
        f"{TAP} --config config.json --catalog odd.json",
        f"{SYNC} --config odd.json",
        f"{TAP} --config odd.json --discover",
        f"{CHECK} --config odd.json",
        f"{LOGIN} --config odd.json --status",
    ],
)
def test_a_number_that_is_none_of_json_is_named(shell: Shell, line: str, number: str) -> None:
    shell.write("odd.json", f'{{"bookmarks": {{"tags": {number}}}}}')
    failed(shell.quickly(line), 2, f"odd.json is not a JSON file: {number} is no number")


@pytest.mark.parametrize(
    "content",
    [
        '{"contact": {"updated_at": 1}}',
        '{"singer_state": "{}"}',
        "[5]",
        '{"bookmarks": "x"}\n{}\n[]',
    ],
)
def test_a_state_that_is_none_is_refused(shell: Shell, content: str) -> None:
    shell.write("odd.json", content)
    failed(shell.quickly(f"{SYNC} --state odd.json"), 2, "")


@pytest.mark.parametrize(
    "content",
    [
        '{"completed": {"singer_state": {"bookmarks": {"contacts": "2026-05-30"}}}}',
        '[{"stream_descriptor": {"name": "contacts"}, "stream_state": {"updated_at": 1780000000}}]',
        '{"bookmarks": {}}\n{"type": "STATE", "value": {"contacts": "2026-05-30"}}\n',
    ],
)
def test_a_state_is_understood_whatever_lies_around_it(shell: Shell, content: str) -> None:
    shell.write("odd.json", content)
    done = shell.quickly(f"{SYNC} --state odd.json")
    assert done.returncode == 0
    first = next(line for line in done.stdout.splitlines() if '"STATE"' in line)
    assert "replication_key_value" in first


@pytest.mark.parametrize(
    "line",
    [
        f"{TAP} --config nowhere.json",
        f"{TAP} --config config.json --catalog config.json --state nowhere.json",
        f"{TAP} --nothing",
        f"{CHECK} --config nowhere.json",
        f"{CHECK} --region mars",
        f"{LOGIN} --config oauth.json --status --logout",
        f"{LOGIN} --config .",
        f"{SANDBOX} --size 0",
    ],
)
def test_what_cannot_work_as_it_is_typed_ends_with_2(shell: Shell, line: str) -> None:
    failed(shell.quickly(line), 2, "")


def test_a_summary_that_cannot_be_written_is_a_setting_that_cannot_work(shell: Shell) -> None:
    shell.set(summary_file="nowhere/summary.json")
    failed(shell.quickly(SYNC), 2, "summary_file cannot be written")


@every_line
@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        *the_first_of(
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        ),
    ],
    ids=["ascii", "C", "latin"],
)
def test_any_locale_will_do(shell: Shell, line: str, env: dict[str, str]) -> None:
    catalog = catalog_of("tags")
    catalog["streams"][0]["schema"]["title"] = "Ünï ☃"
    shell.write("catalog.json", json.dumps(catalog, ensure_ascii=False))
    done = shell.run(LINES[line], **env)
    assert done.returncode == 0, done.stderr
    if line == "sync":
        assert "Ünï ☃" in done.stdout


def test_any_encoding_of_json_will_do(shell: Shell) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        shell.write("config.json", json.dumps(shell.settings), encoding)
        assert shell.quickly(SYNC).returncode == 0


# The machine


@every_use
@pytest.mark.parametrize("around", ["env -u HOME", "HOME=/nowhere", "TMPDIR=/nowhere"])
def test_no_home_and_no_folder_for_temporary_files_are_needed(
    shell: Shell, line: str, around: str
) -> None:
    done = shell.run(f"{around} {LINES[line]}")
    assert done.returncode == 0, done.stderr


@every_use
def test_few_open_files_are_enough(shell: Shell, line: str) -> None:
    done = shell.run(f"ulimit -n 40; {LINES[line]}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [10, 14])
def test_where_they_are_not_it_is_said(shell: Shell, number: int) -> None:
    done = shell.run(f"ulimit -n {number}; {TAP} --config config.json")
    assert done.returncode in {0, 1}
    assert "Traceback" not in done.stderr
    assert ("Error: " in done.stderr) == (done.returncode == 1)


FULL = """
import errno, tempfile
from tap_intercom import spools
from tap_intercom.__main__ import main
def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
spools.write_page = full
from tap_intercom.shapes import scroll
scroll.write_page = full
main()
"""


def test_a_disk_that_is_full_is_said(shell: Shell) -> None:
    shell.write("catalog.json", json.dumps(catalog_of("companies")))
    line = ["-c", FULL, "--config", "config.json", "--catalog", "catalog.json"]
    done = ran(*line, cwd=shell.folder, env=environment(shell.folder))
    failed(done, 1, "No space left on device. Where it is temporary files")


def test_the_limit_of_this_test_is_one_of_the_machine() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 40


# The way to Intercom


@every_use
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("file", ["nowhere.pem", "config.json"])
def test_certificates_that_are_none_are_named(
    shell: Shell, line: str, name: str, file: str
) -> None:
    shell.set(api_url="https://127.0.0.1:9")
    env = {"REQUESTS_CA_BUNDLE": "", name: file}
    failed(shell.quickly(LINES[line], **env), 2, f"{name} names no file of certificates: {file}")


@every_use
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "proxy",
    ["http://user:hush@:x", "http://user:hush@127.0.0.1:99999", "bogus://user:hush@x", "http://"],
)
def test_a_proxy_that_is_none_is_named_without_its_password(
    shell: Shell, line: str, name: str, proxy: str
) -> None:
    env = {"no_proxy": "", "NO_PROXY": "", "http_proxy": "", name.lower(): proxy}
    done = shell.quickly(LINES[line], **env)
    failed(done, 2, "is not an address: write it like http://proxy.example:3128.")
    assert name in done.stderr
    assert "hush" not in done.stdout + done.stderr


SOCKS = """
import sys
sys.modules["socks"] = None
from tap_intercom.__main__ import check
check()
"""


def test_a_proxy_that_needs_more_says_what(shell: Shell) -> None:
    env = {"no_proxy": "", "NO_PROXY": "", "ALL_PROXY": "socks5://user:hush@127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", SOCKS, "--config", "config.json"],
        cwd=shell.folder,
        env=environment(shell.folder, HTTP_PROXY="", http_proxy="", **env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    failed(done, 2, "pip install 'requests[socks]'")
    assert "hush" not in done.stderr


def test_a_machine_that_needs_no_proxy_has_none(shell: Shell) -> None:
    env = {"HTTP_PROXY": "http://user:hush@:x", "no_proxy": "127.0.0.1"}
    assert shell.quickly(SYNC, **env).returncode == 0


@every_use
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost"])
def test_a_port_may_have_zeros_before_it(shell: Shell, line: str, host: str) -> None:
    port = shell.settings["api_url"].rpartition(":")[2]
    shell.set(api_url=f"http://{host}:0{port}/")
    done = shell.quickly(LINES[line])
    assert done.returncode == 0, done.stderr
    assert "not encrypted" not in done.stderr


@pytest.mark.parametrize(
    "line", [f"{TAP} --config config.json --test", LINES["check"], LINES["login"]]
)
def test_a_token_that_goes_in_clear_is_warned_of(shell: Shell, line: str) -> None:
    shell.set(api_url="http://api.invalid:9")  # a name that stands for none
    assert "http://api.invalid:9 is not encrypted" in shell.quickly(line).stderr


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("http://127.0.0.1:08080", "http://127.0.0.1:8080"),
        ("http://[::1]:00080/x/", "http://[::1]:80/x"),
        ("https://API.intercom.io:", "https://api.intercom.io"),
        ("https://api.intercom.io/", "https://api.intercom.io"),
    ],
)
def test_an_address_is_written_as_it_is_asked(url: str, written: str) -> None:
    assert base_url(url) == written


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("sandbox.localhost", True),
        ("192.168.0.1", False),
        ("localhost.example", False),
        ("sandbox", False),
    ],
)
def test_this_machine_is_known(host: str, *, here: bool) -> None:
    assert is_here(host) == here


@pytest.fixture
def said() -> Iterator[Callable[[bytes], str]]:
    """Have a server say the same to everything; give its address."""
    served: list[HTTPServer] = []

    def serve(body: bytes) -> str:
        class Saying(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        served.append(HTTPServer(("127.0.0.1", 0), Saying))
        threading.Thread(target=served[-1].serve_forever).start()
        return f"http://127.0.0.1:{served[-1].server_port}"

    yield serve
    for one in served:
        one.shutdown()
        one.server_close()


@every_use
@pytest.mark.parametrize("body", ["[]", '[{"id": 1}]', '"hello"', "null", "5"])
def test_a_host_that_does_not_say_whose_token_it_is_is_none_of_intercom(
    shell: Shell, said: Callable[[bytes], str], line: str, body: str
) -> None:
    shell.set(api_url=said(body.encode()))
    failed(shell.quickly(LINES[line]), 1, "/me does not say whose token it is")


@pytest.mark.parametrize("body", ['{"app": [1], "name": {}}', '{"app": "x"}', "{}"])
def test_what_it_says_oddly_is_shown_as_it_can_be(
    shell: Shell, said: Callable[[bytes], str], body: str
) -> None:
    shell.set(api_url=said(body.encode()))
    done = shell.quickly(LINES["login"])
    assert done.returncode == 0
    assert "an unknown region" in done.stdout
