"""The address of a log: a Kafka broker, or `embedded://<folder>`."""

from __future__ import annotations

from pathlib import Path

SCHEME = "embedded://"


def is_embedded(broker_address: str) -> bool:
    """Whether `broker_address` names an embedded log rather than a Kafka broker.

    Returns
    -------
    bool
        False for everything without the scheme.

    Examples
    --------
    >>> is_embedded("embedded://data/log"), is_embedded("localhost:9092")
    (True, False)
    """
    return broker_address.startswith(SCHEME)


def log_folder(broker_address: str) -> Path:
    """Return the folder that `embedded://<folder>` names.

    Returns
    -------
    Path
        As it is written: it need not exist, nor be absolute.

    Raises
    ------
    ValueError
        If the address has another scheme or no folder.

    Examples
    --------
    >>> log_folder("embedded://data/log")
    PosixPath('data/log')
    """
    folder = broker_address.removeprefix(SCHEME)
    if not is_embedded(broker_address) or not folder:
        raise ValueError(f"broker address: expected '{SCHEME}<folder>', was {broker_address!r}")
    return Path(folder)
