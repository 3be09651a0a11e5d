"""A program that is forked finds what one finds that is really started, and ends as it would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from starting import PATIENCE, Started, ran

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows cannot fork")

LOOK = """
import json, os, signal, sys, tempfile, threading, time
numbers = range(1, signal.NSIG)
handlers = [signal.getsignal(one) for one in numbers if one in set(signal.valid_signals())]
files = (sys.stdin, sys.stdout, sys.stderr)
print(json.dumps({
    "arguments": sys.argv[1:],
    "environment": {name: one for name, one in os.environ.items() if name != "_"},
    "folder": os.getcwd(),
    "temporary": tempfile.gettempdir(),
    "hour": time.strftime("%H", time.gmtime(0)) + time.strftime("%H", time.localtime(0)),
    "handlers": [getattr(one, "__name__", str(one)) for one in handlers],
    "blocked": [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "streams": [
        [one.fileno(), one.encoding, one.errors, one.line_buffering, one.write_through,
         type(one.buffer).__name__] for one in files
    ],
    "same": [sys.__stdin__ is sys.stdin, sys.__stdout__ is sys.stdout],
    "files": [one for one in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{one}")],
    "leads": os.getsid(0) == os.getpid(),
    "threads": threading.active_count(),
    "main": threading.current_thread() is threading.main_thread(),
}))
"""


def really(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize("more", [{}, {"PYTHONUNBUFFERED": "1"}, {"TZ": "Asia/Kolkata"}])
def test_it_finds_what_a_program_finds(tmp_path: Path, more: dict[str, str]) -> None:
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), **more}
    place: dict[str, Any] = {"env": env, "cwd": tmp_path}
    command = ("-c", LOOK, "one", "two words")
    forked, real = ran(*command, **place), really(*command, **place)
    assert (forked.stderr, real.stderr) == ("", "")
    found, expected = json.loads(forked.stdout), json.loads(real.stdout)
    expected["environment"].pop("LC_CTYPE", None)  # which Python sets at its start
    found["environment"].pop("LC_CTYPE", None)
    assert found == expected


@pytest.mark.parametrize(
    "code",
    [
        "pass",
        "import sys; sys.exit(3)",
        "import sys; sys.exit('a sentence')",
        "raise KeyboardInterrupt",
        "raise ValueError",
        "import os; os._exit(7)",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import atexit; atexit.register(print, 'left'); print('left to the last', end='')",
        "import threading; threading.Timer(0.1, print, ['of a thread']).start()",
    ],
)
def test_it_ends_as_a_program_ends(code: str) -> None:
    forked, real = ran("-c", code), really("-c", code)
    assert (forked.returncode, forked.stdout) == (real.returncode, real.stdout)
    assert forked.stderr.splitlines()[-1:] == real.stderr.splitlines()[-1:]


def test_it_is_the_program_of_that_name() -> None:
    real = subprocess.run(
        [Path(sys.executable).with_name("tap-intercom"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran("tap-intercom", "--version").stdout == real.stdout


def test_each_begins_with_dice_of_its_own() -> None:
    drawn = {ran("-c", "import random; print(random.random())").stdout for _ in range(3)}
    assert len(drawn) == 3


SLEEP = ["-c", "import time; time.sleep(1000)"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_can_be_sent_a_signal(number: signal.Signals) -> None:
    program = Started(SLEEP, stderr=subprocess.DEVNULL)
    assert program.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.01)
    program.send_signal(number)
    assert program.wait(PATIENCE) == -number
    program.kill()  # it has ended, and that is nobody's process any more


def test_it_does_not_outlive_the_one_that_started_it() -> None:
    starting = f"import os, signal; from starting import Started; print(Started({SLEEP!r}).pid)"
    code = f"{starting}; os.kill(os.getpid(), signal.SIGKILL)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONUNBUFFERED": "1"}
    started = int(really("-c", code, env=env).stdout)
    give_up_at = time.monotonic() + PATIENCE
    while is_there(started):
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
