"""Says something new again and again."""

import itertools
import sys
import time

for number in itertools.count(1):
    print(f"line {number} {'x' * 50}", file=sys.stderr, flush=True)
    time.sleep(0.01)
