"""What follows from contracts' list of services outside Python, written by `make graph` and compared by a test."""
