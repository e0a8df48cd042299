"""Pure folds of history: no input or output, clock, randomness or logging."""
