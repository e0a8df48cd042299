"""Finds its settings wrong."""

import sys

print("SOMETHING: expected a number, was 'x'", file=sys.stderr)
sys.exit(2)
