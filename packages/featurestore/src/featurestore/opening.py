"""From an address to a store."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import BadSettingError
from featurestore.store import Store

#: Where the folder of a run has its store, and where that of a service alone has it.
_IN_A_FOLDER = ("work/store.sqlite", "store.sqlite")


def open_store(where: str | Path = "runs/demo") -> Store:
    """Return a store; nothing is connected yet.

    Parameters
    ----------
    where
        An address as `store_at` takes it, the folder of a run, or the file of a store.

    Returns
    -------
    Store
        It connects with the first use.

    Raises
    ------
    BadSettingError
        If there is no such folder or file, or it is no address.

    Examples
    --------
    >>> with open_store("sqlite:///:memory:") as store:
    ...     store.writable
    True
    """
    if isinstance(where, str) and "://" in where:
        return store_at(where)
    path = Path(where)
    files = [path / name for name in _IN_A_FOLDER] if path.is_dir() else [path]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        expected = f"the folder of a run ({_IN_A_FOLDER[0]} in it), the file of a store, or an address"
        raise BadSettingError("store", expected, str(path))
    from featurestore.sqlite import SqliteDialect

    return Store(SqliteDialect(str(found)))


def store_at(url: str) -> Store:
    """Return the store at an address; nothing is connected yet.

    Parameters
    ----------
    url
        ``sqlite:///folder/store.sqlite`` (a fourth slash makes the path absolute), ``sqlite:///:memory:``,
        ``postgresql://user:password@host:port/database`` or ``risingwave://user@host:port/database`` (both need the
        extra `postgres`).

    Returns
    -------
    Store
        It connects with the first use.

    Raises
    ------
    BadSettingError
        If it is none of these.
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
