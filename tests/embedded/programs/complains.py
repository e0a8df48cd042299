"""Logs a warning as services do, and that all is well again once it is told so."""

import os
import time
from pathlib import Path

from loguru import logger

from streaming.telemetry.logging import configure_logging

configure_logging("trades")
logger.warning("no answer from the venue")
while not Path(os.environ["WELL_AGAIN"]).exists():
    time.sleep(0.02)
logger.info("connected")
while True:
    time.sleep(1)
