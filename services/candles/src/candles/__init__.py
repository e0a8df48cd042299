"""Trades to honest OHLCV candles in tumbling windows."""
