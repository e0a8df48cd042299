"""Pure state machines of trades: no input or output, clock, randomness or logging."""
