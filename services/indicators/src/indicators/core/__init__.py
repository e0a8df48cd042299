"""Pure state machines of indicators: no input or output, clock, randomness or logging."""
