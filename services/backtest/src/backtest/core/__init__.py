"""What a backtest computes over columns: pure, compiled."""
