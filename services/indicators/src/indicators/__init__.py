"""Final candles to technical indicators, served as SQL features."""
