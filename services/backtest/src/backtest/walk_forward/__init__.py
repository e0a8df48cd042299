"""Searched on what was, tried on what came next, again and again: what a strategy whose numbers are renewed earns."""
