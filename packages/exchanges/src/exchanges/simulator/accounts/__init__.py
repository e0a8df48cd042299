"""Accounts at the simulated venue: what they have, their orders, and how those are filled by its own trades."""
