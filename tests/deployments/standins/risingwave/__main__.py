"""In RisingWave's place: ``python -m tests.deployments.standins.risingwave single_node --store-directory DIR``.

PostgreSQL keeps the rows, a proxy in front of it understands RisingWave's CREATE statements, and threads read the
topics those name. It ends with 0 on SIGTERM, and goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from tests.deployments.standins.risingwave.statements import PREPARE, in_postgres_words
from tests.deployments.standins.risingwave.topics import Filling
from tests.deployments.standins.risingwave.wire import Proxy

_LOOK_SECONDS = 0.5


def main() -> int:
    """Run until SIGTERM."""
    told = _parser().parse_args()
    with (
        TemporaryDirectory(prefix="standin-", dir="/tmp") as folder,
        _postgres(told.store_directory, Path(folder)) as url,
    ):
        asyncio.run(_serve(told, Path(folder), url))
    return 0


@contextmanager
def _postgres(kept: Path, sockets: Path) -> Iterator[str]:
    """PostgreSQL runs in the block, with its files in `kept`; database dev, user root, no password."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    data = kept / "postgres"

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)

    if user:
        for each in (kept, sockets):
            shutil.chown(each, user)
    if not (data / "PG_VERSION").exists():
        run("initdb", "--pgdata", data, "--username", "root", "--auth", "trust", "--no-sync", "--encoding", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories={sockets} -c max_connections=300 -c timezone=UTC"
    run("pg_ctl", "--pgdata", data, "--wait", "--log", sockets / "log", "--options", options, "start")
    try:
        with psycopg.connect(f"postgresql://root@/postgres?host={sockets}", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'dev'").fetchone():
                connection.execute("CREATE DATABASE dev")
        yield f"postgresql://root@/dev?host={sockets}"
    finally:
        run("pg_ctl", "--pgdata", data, "--wait", "--mode", "fast", "stop")


async def _serve(told: argparse.Namespace, sockets: Path, url: str) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    filling = Filling(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PREPARE)
        server = await Proxy(sockets / ".s.PGSQL.5432", in_postgres_words).serve(told.host, told.port)
        print(f"in RisingWave's place: {told.host}:{told.port}", flush=True)
        while not ended.is_set():
            await asyncio.to_thread(filling.look, connection)
            try:
                await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue
        server.close()
        await asyncio.to_thread(filling.end)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="risingwave")
    parser.add_argument("mode", choices=["single_node"])
    parser.add_argument("--store-directory", type=Path, default=Path("/data"))
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=4566)
    return parser


if __name__ == "__main__":
    sys.exit(main())
