"""Trades to Parquet files that later backtests read."""
