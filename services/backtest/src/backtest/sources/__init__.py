"""Where bars come from: files of bars, and what a run has published."""
