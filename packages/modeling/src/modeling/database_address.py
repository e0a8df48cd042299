"""The address of MLflow's database: the path of a file, whatever its name, or a server."""

from __future__ import annotations

import atexit
import re
import tempfile
from functools import cache
from pathlib import Path

SQLITE = "sqlite:///"
#: What no part of MLflow takes for something else: it reads `?` as the end of the path, `%` and `#` in other ways.
_PLAIN = re.compile(r"[A-Za-z0-9_./ -]*")


def database_file(uri: str) -> Path | None:
    """Return the file behind a ``sqlite:///`` address: all that follows is its path.

    Returns
    -------
    Path | None
        None for a server.
    """
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def plain_address(uri: str) -> str:
    """Return an address of the same database that MLflow cannot misread.

    A file with another name is reached through a link, which this process removes when it ends.

    Returns
    -------
    str
        Any other address as it is.

    Examples
    --------
    >>> plain_address("sqlite:///runs/demo/work/mlflow.db"), plain_address("http://localhost:5000/a?b=c")
    ('sqlite:///runs/demo/work/mlflow.db', 'http://localhost:5000/a?b=c')
    >>> "?" in plain_address("sqlite:////tmp/what?/mlflow.db")
    False
    """
    file = database_file(uri)
    if file is None or _PLAIN.fullmatch(str(file)):
        return uri
    return f"{SQLITE}{_link(file.absolute())}"


@cache
def _link(file: Path) -> Path:
    place = tempfile.TemporaryDirectory(prefix="tradestream-")
    atexit.register(place.cleanup)
    link = Path(place.name) / "mlflow.db"
    link.symlink_to(file)
    return link
