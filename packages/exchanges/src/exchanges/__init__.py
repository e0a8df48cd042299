"""Venue adapters with pure parsers, the market simulator, recorded trades and the paper broker."""
