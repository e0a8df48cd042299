"""Pure state machines of signals: no input or output, clock, randomness or logging."""
