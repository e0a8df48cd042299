"""Fails at once."""

import sys

print("the disk is on fire", file=sys.stderr)
sys.exit(1)
