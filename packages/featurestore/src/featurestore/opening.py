"""From an address to a store."""

from __future__ import annotations

from contracts.errors import BadSettingError
from featurestore.store import Store


def open_store(url: str) -> Store:
    """Return the store at `url`; nothing is connected yet.

    Parameters
    ----------
    url
        ``sqlite:///folder/store.sqlite`` (a fourth slash makes the path absolute), ``sqlite:///:memory:``,
        ``postgresql://user:password@host:port/database`` or ``risingwave://user@host:port/database`` (both need the
        extra `postgres`).

    Raises
    ------
    BadSettingError
        If it is none of these.

    Examples
    --------
    >>> with open_store("sqlite:///:memory:") as store:
    ...     store.writable
    True
    """
    scheme, separator, path = url.partition("://")
    if separator and scheme == "sqlite" and len(path) > 1 and path.startswith("/"):
        from featurestore.sqlite import SqliteDialect

        return Store(SqliteDialect(path[1:]))
    try:
        if separator and scheme in ("postgresql", "postgres"):
            from featurestore.postgres import PostgresDialect

            return Store(PostgresDialect(url))
        if separator and scheme == "risingwave":
            from featurestore.risingwave import RisingWaveDialect

            return Store(RisingWaveDialect(url))
    except ModuleNotFoundError as error:
        expected = f"{error.name} to be installed for {scheme} (extra `postgres` of tradestream-featurestore)"
        raise BadSettingError("store_url", expected, "missing") from error
    expected = "sqlite:///<path>, postgresql://<host>/<database> or risingwave://..."
    raise BadSettingError("store_url", expected, url)
