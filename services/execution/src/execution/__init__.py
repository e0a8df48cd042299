"""Decisions to paper orders, fills, positions and P&L under risk limits."""
