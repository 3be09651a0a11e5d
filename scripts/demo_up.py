"""Leave the demo's database and workspace running, to look around in: `make demo-up`.

python scripts/demo_up.py           load, model, print the URLs, and leave both running
python scripts/demo_up.py --down    stop them
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import NamedTuple

import demo
import postgres
from demo_dbt import COMMAND, MARTS, model, settings

WHERE = demo.DEMO / "up.json"
LOG = demo.DEMO / "up.log"


class Up(NamedTuple):
    """What is running, and the process that keeps it so."""

    pid: int
    database: str
    api_url: str


def up() -> None:
    """Start the keeper, unless there is one, and say where everything is."""
    demo.DEMO.mkdir(exist_ok=True)
    with (demo.DEMO / "lock").open("a") as lock:
        free = demo.taken(lock)
    if free:
        WHERE.unlink(missing_ok=True)
        print(
            "Loading a simulated workspace, and making the models: about a minute ...", flush=True
        )
        with LOG.open("w") as log:
            keeper = subprocess.Popen(
                [sys.executable, __file__, "--keep"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            while not WHERE.exists():
                if keeper.poll() is not None:
                    demo.fail("That failed", LOG)
                time.sleep(0.1)
        except KeyboardInterrupt:
            demo.end(keeper)
            sys.exit("\nStopped. Nothing is left running.")
    elif not WHERE.exists():
        sys.exit("Another demo is running. Wait for its end.")
    show(there())


def there() -> Up:
    """Read what is running."""
    return Up(**json.loads(WHERE.read_text("utf-8")))


def show(running: Up) -> None:
    """Print the URLs."""
    print(f"\nDatabase:   {running.database}")
    print(f"            the models are in the schema {MARTS}, the tables in {demo.SCHEMA},")
    print("            the views for Fivetran's package in intercom")
    print(f"Workspace:  {running.api_url}")
    print("            its token is demo")
    print("\nBoth run until `make demo-down`.")


def keep() -> None:
    """Serve both, load and model, and wait to be told to stop."""
    password = secrets.token_urlsafe(12)
    with (
        demo.sandbox(demo.days_gone()) as api_url,
        postgres.running(demo.DEMO / "postgres", password) as database,
    ):
        model(api_url, COMMAND, **settings(database))
        written = WHERE.with_suffix(".new")
        written.touch(mode=0o600)
        written.write_text(json.dumps(Up(os.getpid(), database, api_url)._asdict()), "utf-8")
        written.rename(WHERE)
        try:
            signal.pause()
        finally:
            WHERE.unlink(missing_ok=True)


def down() -> None:
    """Tell the keeper to stop, and wait until it has."""
    if not WHERE.exists():
        sys.exit("Nothing is up.")
    with (demo.DEMO / "lock").open("a") as lock:
        if not demo.taken(lock):
            with suppress(ProcessLookupError):
                os.kill(there().pid, signal.SIGTERM)
            while not demo.taken(lock):
                time.sleep(0.1)
    WHERE.unlink(missing_ok=True)
    print("Stopped. What was loaded is kept; `make clean-demo` forgets it.")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            up()
        case ["--keep"]:
            demo.alone(keep)
        case ["--down"]:
            down()
        case _:
            sys.exit(__doc__)
