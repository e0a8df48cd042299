"""One SQL interface to candles, indicators and predictions: SQLite, PostgreSQL, RisingWave."""
