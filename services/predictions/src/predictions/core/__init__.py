"""Pure state machines of predictions: no input or output, clock, randomness or logging."""
