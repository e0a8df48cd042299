"""What follows from contracts' list of services outside Python, written by `make graph` and compared by a test."""

#: Begins each file that is written as a whole.
HEADER = "# Written by `make graph`: change packages/contracts or deployments/graph, not this file.\n"
