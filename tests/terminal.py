"""A person at a terminal, who starts a program, reads what it shows, and types."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from starting import Started

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path(sys.executable).parent
PATIENCE = 60.0

# A browser that only notes down where it was sent.
BROWSER = """\
import os, sys
with open(os.environ["VISITED"], "a") as visited:
    print(sys.argv[1], file=visited)
print("a browser that talks too much")
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a program finds in the house of a person whose browser only takes notes."""
    foreign = ("TAP_INTERCOM_", "XDG_", "DISPLAY", "WAYLAND_", "CI", "BROWSER", "LOGLEVEL")
    own = {name: one for name, one in os.environ.items() if not name.startswith(foreign)}
    script = home / "browser.py"
    script.write_text(BROWSER)
    browser = {"BROWSER": f"{sys.executable} {script} %s", "VISITED": str(home / "visited")}
    return {**own, **browser, "HOME": str(home), "COLUMNS": "200", **more}


class Terminal:
    """A program that runs in a terminal, but for its standard output."""

    def __init__(
        self, *command: str, env: dict[str, str], has_keyboard: bool = True, really: bool = False
    ) -> None:
        self._ours, theirs = pty.openpty()
        self._shown = b""
        first, *rest = command
        start, path = (subprocess.Popen, str(PROGRAMS / first)) if really else (Started, first)
        self._program: Any = start(
            [path, *rest],
            env=env,
            stdin=theirs if has_keyboard else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # which is how a terminal says that nobody is there any more
            while read := os.read(self._ours, 4096):
                self._shown += read

    @property
    def shown(self) -> str:
        """Everything that was shown so far."""
        return self._shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until something is shown."""
        give_up_at = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.shown)) is None:
            over = self._program.poll() is not None and not self._reader.is_alive()
            assert not over, f"it ended, and showed {self.shown!r}"
            assert time.monotonic() < give_up_at, f"it only showed {self.shown!r}"
            time.sleep(0.01)
        return found

    def address(self) -> str:
        """Wait for the address at which to log in."""
        return self.wait_for(r"\n  (http\S+)\n")[1]

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._program.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """Wait for the end: the exit code, standard output, and what was shown."""
        out, _ = self._program.communicate(timeout=PATIENCE)
        self._reader.join(PATIENCE)
        return self._program.returncode, out.decode(), self.shown

    def close(self) -> None:
        if self._program.poll() is None:
            self._program.kill()
        self._program.communicate()
        self._reader.join(PATIENCE)
        os.close(self._ours)


@contextmanager
def terminal(
    *command: str, env: dict[str, str], has_keyboard: bool = True, really: bool = False
) -> Iterator[Terminal]:
    one = Terminal(*command, env=env, has_keyboard=has_keyboard, really=really)
    try:
        yield one
    finally:
        one.close()


def decide(address: str, decision: str = "authorize", *, follow: bool = True) -> requests.Response:
    """Open the address of a login and press a button, as a browser without a window does."""
    page = requests.get(address, timeout=PATIENCE)
    assert page.status_code == 200, page.text
    fields = dict(re.findall(r'type=hidden name=(\w+) value="([^"]*)"', page.text))
    url = address.partition("?")[0]
    pressed = {**fields, "decision": decision}
    return requests.post(url, data=pressed, allow_redirects=follow, timeout=PATIENCE)
