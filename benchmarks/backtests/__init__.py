"""A backtest beside other engines, which trade the same bars in environments of their own."""
