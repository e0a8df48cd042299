"""Waits the first time, ends the second time."""

import os
import threading
from pathlib import Path

flag = Path(os.environ["FLAG"])
if not flag.exists():
    flag.touch()
    threading.Event().wait()
