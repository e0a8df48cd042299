"""Runs until SIGTERM."""

import signal
import sys
import threading

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print("here", flush=True)
stop.wait()
sys.exit(0)
