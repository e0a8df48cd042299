"""A service process: the application, its state, how it starts, retries and ends."""
