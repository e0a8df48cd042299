"""Pure state machines of execution: no input or output, clock, randomness or logging."""
