"""What the figures in docs/explanation/performance.md are measured with; `make bench` and `make soak` run it."""
