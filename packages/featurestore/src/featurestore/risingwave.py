"""RisingWave: it reads the topics itself, so here it is only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg

from featurestore.errors import StoreError
from featurestore.postgres import PostgresDialect, one_statement, store_errors

#: Of all tables this one is asked for most; without it nothing was applied.
_FIRST_ASKED = "technical_indicators"


class RisingWaveDialect(PostgresDialect):
    """Tables that RisingWave fills from Kafka, and views that it keeps up to date.

    It speaks PostgreSQL's protocol with traps of its own: a plain ``BEGIN`` begins nothing, and prepared statements
    outlive what they were prepared for.

    Parameters
    ----------
    url
        ``risingwave://user:password@host:port/database``.
    """

    writable: ClassVar[bool] = False
    keeps_views: ClassVar[bool] = True

    def __init__(self, url: str) -> None:
        super().__init__(url.replace("risingwave://", "postgresql://", 1))

    @property
    def where(self) -> str:
        """Which of the databases it is."""
        return "RisingWave"

    def connect(self, *, read_only: bool = True) -> psycopg.Connection[Any]:
        """Connect; for reading, if nothing else is asked for."""
        connection = self.open(autocommit=True, prepare_threshold=None)
        connection.read_only = read_only
        return connection

    def connect_to_read(self) -> psycopg.Connection[Any]:
        """Connect, and see that the tables are there.

        Raises
        ------
        StoreError
            If they are not.
        """
        connection = self.connect()
        with store_errors("RisingWave"):
            present = self.columns_of(connection, _FIRST_ASKED)
        if not present:
            connection.close()
            raise StoreError(
                f"RisingWave has no table {_FIRST_ASKED} yet: `python -m featurestore.ddl apply` makes the tables"
            )
        return connection

    @contextmanager
    def reading(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """See one moment of the store: ``BEGIN READ ONLY`` is the one transaction there is."""
        with store_errors("RisingWave"), connection.transaction(), one_statement(connection):
            yield
