"""Data sets, labels, splits, model kinds, metrics and the gate: what training, serving and backtests share."""
