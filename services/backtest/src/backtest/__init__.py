"""The live code on years of history, asleep where nothing can happen."""
