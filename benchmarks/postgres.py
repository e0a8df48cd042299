"""A throwaway PostgreSQL on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.logs import CannotRunError

_USER = "bench"


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yield the address of a server of one's own, with its defaults for durability; it is gone afterwards.

    Raises
    ------
    CannotRunError
        If the server or the driver is not installed.
    """
    if find_spec("psycopg") is None or not shutil.which("initdb") or not shutil.which("pg_ctl"):
        raise CannotRunError("PostgreSQL's initdb and pg_ctl, or the extra featurestore[postgres], are not installed")
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-", dir="/tmp"))
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, timeout=60)

    try:
        run("initdb", "-D", f"{folder}/data", "-U", _USER, "--auth=trust", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://{_USER}@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def new_database(server: str, name: str) -> str:
    """Return the address of an empty database on `server`."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")
