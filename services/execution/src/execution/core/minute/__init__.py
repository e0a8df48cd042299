"""Lining up the signals of an account's pairs until a minute is whole."""
