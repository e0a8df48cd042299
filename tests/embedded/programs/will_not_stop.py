"""Ignores SIGTERM."""

import signal
import threading

signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
threading.Event().wait()
