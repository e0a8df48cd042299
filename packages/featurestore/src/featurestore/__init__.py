"""One SQL interface to candles, indicators and predictions: SQLite, PostgreSQL, RisingWave."""

from featurestore.errors import StoreBusyError, StoreError, StoreFullError
from featurestore.opening import open_store
from featurestore.quality import DayQuality
from featurestore.result import Result
from featurestore.settings import StoreSettings
from featurestore.store import Store
from featurestore.tables import TABLES, Table

__all__ = [
    "TABLES",
    "DayQuality",
    "Result",
    "Store",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreSettings",
    "Table",
    "open_store",
]
