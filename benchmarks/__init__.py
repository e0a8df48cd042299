"""What the figures in docs/performance.md are measured with; `make bench` and `make soak` run it."""
