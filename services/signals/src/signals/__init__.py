"""Feature rows and predictions to a mark and a decision for each account, pair and final candle."""
