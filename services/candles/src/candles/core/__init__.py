"""Pure state machines of candles: no input or output, clock, randomness or logging."""
