"""MLflow's database file comes into being whole, or not at all."""

from __future__ import annotations

import os

from modeling.database_address import SQLITE, database_file
from modeling.quiet_imports import open_mlflow


def ensure_database(uri: str) -> None:
    """Create the database at `uri` if it is a file that is not there yet.

    MLflow creates its tables in dozens of transactions: killed in the middle it leaves a file that neither it nor a
    second try can use, and a process that opens it meanwhile fails. So they are made under another name first.
    """
    final = database_file(uri)
    if final is None or final.exists():
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f".{final.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    client = open_mlflow(f"{SQLITE}{draft}")
    client.search_experiments(max_results=1)
    client.search_registered_models(max_results=1)
    try:
        os.link(draft, final)  # unlike a rename it does not replace a file that another process finished first
    except FileExistsError:
        return
    finally:
        draft.unlink()
