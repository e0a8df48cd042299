"""One SQL interface to candles, indicators and predictions: SQLite, PostgreSQL, RisingWave."""

from featurestore.errors import StoreBusyError, StoreError, StoreFullError
from featurestore.settings import StoreSettings
from featurestore.store import Result, Store, open_store
from featurestore.tables import TABLES, Table

__all__ = [
    "TABLES",
    "Result",
    "Store",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreSettings",
    "Table",
    "open_store",
]
