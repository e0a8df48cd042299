"""What the commands do, step by step: one plan, one file."""
