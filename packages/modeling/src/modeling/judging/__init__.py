"""Judging models: folds by time, evidence against naive forecasts, what trading would leave, and the verdict."""
