"""One self-contained HTML page that says what happened in a run, what matters first."""
