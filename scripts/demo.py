"""Load a simulated Intercom workspace into PostgreSQL, then what a day changed: `make demo`."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, NoReturn

import postgres
import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PROJECT = Path(__file__).resolve().parent.parent
DEMO = PROJECT / ".demo"
PROGRAMS = Path(sys.executable).parent
COMMAND = ("meltano", "run", "tap-intercom", "target-postgres")
SCHEMA = "tap_intercom"
DAY = 86_400
START_SECONDS = 30
LOG_LINES = 25


class Table(NamedTuple):
    """What one table holds."""

    rows: int
    columns: int
    loaded: int


def alone(play: Callable[[], None]) -> None:
    """Do something that starts programs, unless another does; all are stopped when it ends."""
    DEMO.mkdir(exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    with (DEMO / "lock").open("a") as lock:
        if not taken(lock):
            sys.exit("Another demo is running. Wait for its end, or say `make demo-down`.")
        try:
            play()
        except KeyboardInterrupt:
            sys.exit("\nStopped. Nothing is left running; the next demo goes on from here.")


def taken(lock: IO[str]) -> bool:
    """Take the lock of all demos; tell whether it was free."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def demo() -> None:
    """Make one run, and show what it loaded."""
    days = days_gone()
    with sandbox(days) as api_url, postgres.running(DEMO / "postgres") as database:
        print(f"Running: a simulated Intercom workspace, on its day {days + 1}, and a PostgreSQL.")
        before = tables(database, since=0)
        started = time.time()
        load(api_url, COMMAND, **target_postgres(database))
        show(before, tables(database, since=started))
    let_a_day_pass()
    if days == 0:
        print("\nThis was the first run: everything was read.")
        print("Run `make demo` again: a day will have passed, and only what changed is read.")
    else:
        print("\nThis was an incremental run: only what changed since the last one was read.")
        print(
            "Lists that Intercom cannot filter by time, such as admins, are short and read whole."
        )
    print("Nothing is left running. To start over: `make clean-demo`.")


def days_gone() -> int:
    """How many runs there were, which is what day it is in the workspace."""
    counter = DEMO / "runs"
    return int(counter.read_text()) if counter.exists() else 0


def let_a_day_pass() -> None:
    """Note that there was a run."""
    (DEMO / "runs").write_text(str(days_gone() + 1))


@contextmanager
def sandbox(days: int) -> Iterator[str]:
    """Run the simulated workspace, as it is after so many days; gives its address."""
    port = str(postgres.free_port())
    command: list[str | Path] = [
        PROGRAMS / "tap-intercom-sandbox",
        "--port",
        port,
        "--advance",
        str(days * DAY),
    ]
    with (DEMO / "sandbox.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(server, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        end(server)


def wait_for(server: subprocess.Popen[bytes], api_url: str) -> None:
    """Come back when the sandbox answers."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{api_url}/__sandbox__/stats", timeout=1).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > give_up:
                fail("The sandbox did not start", DEMO / "sandbox.log")
            time.sleep(0.05)
        else:
            return


def target_postgres(database: str) -> dict[str, str]:
    """Tell the loader where the database is."""
    url = database.replace("postgresql:", "postgresql+psycopg:")
    return {"TARGET_POSTGRES_SQLALCHEMY_URL": url}


def load(api_url: str, command: Sequence[str], **settings: str) -> None:
    """Run Meltano with the project's own meltano.yml, its state beside the demo's data."""
    print(f"\n$ {' '.join(command)}", flush=True)
    started = time.time()
    foreign = ("TAP_INTERCOM_", "TARGET_", "DBT_", "MELTANO_", "PYTHON")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "MELTANO_ENVIRONMENT": "demo",
        "MELTANO_PROJECT_ROOT": str(PROJECT),
        "MELTANO_DATABASE_URI": f"sqlite:///{DEMO / 'meltano.db'}",
        "MELTANO_CLI_LOG_FORMAT": "uncolored",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "TAP_INTERCOM_API_URL": api_url,
        "TAP_INTERCOM_API_KEY": "demo",
        **settings,
    }
    path = DEMO / "meltano.log"
    with path.open("w") as log:
        run = subprocess.Popen(
            [PROGRAMS / command[0], *command[1:]],
            cwd=PROJECT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        code = run.wait()
    finally:
        end(run)
    if code != 0:
        fail(f"Meltano ended with exit code {code}", path)
    print(f"  took {time.time() - started:.1f} s; its log: .demo/meltano.log\n")


def tables(database: str, since: float) -> dict[str, Table]:
    """Look at each table that the target made, and how many rows were loaded since then."""
    count = sql.SQL("select count(*), count(*) filter (where _sdc_sync_started_at >= {}) from {}")
    with psycopg.connect(database) as connection:
        made = connection.execute(
            "select table_name, count(*) from information_schema.columns"
            " where table_schema = %s group by 1 order by 1",
            [SCHEMA],
        ).fetchall()
        found = {}
        for name, columns in made:
            query = count.format(sql.Literal(int(since * 1000)), sql.Identifier(SCHEMA, name))
            rows, loaded = connection.execute(query).fetchone() or (0, 0)
            found[name] = Table(rows, columns, loaded)
    return found


def show(before: dict[str, Table], after: dict[str, Table]) -> None:
    """Print a line for each table."""
    width = max(map(len, [*after, "table"]))
    print(f"  {'table':{width}}  columns      rows  loaded now  of them new")
    total = [0, 0, 0]
    for name, table in after.items():
        new = table.rows - before[name].rows if name in before else table.rows
        figures = [table.rows, table.loaded, new]
        total = [a + b for a, b in zip(total, figures, strict=True)]
        print(f"  {name:{width}}  {table.columns:>7}  {_columns(figures)}")
    print(f"  {'total':{width}}  {'':>7}  {_columns(total)}")


def _columns(figures: list[int]) -> str:
    rows, loaded, new = figures
    return f"{rows:>8,}  {loaded:>10,}  {new:>11,}"


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and everything that it started."""
    for wish in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, wish)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def fail(what: str, log: Path) -> NoReturn:
    """Say what went wrong, with the end of the log."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    sys.exit("\n".join([f"\n{what}. The end of {log.relative_to(PROJECT)}:", "", *lines]))


def _stop(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    alone(demo)
