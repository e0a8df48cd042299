"""Predictions to one decision for each account, pair and final candle."""
