"""What LightGBM expects of a Linux system: its wheels do not bring it."""

from __future__ import annotations

from typing import Final

OPENMP: Final = ("libgomp.so.1", "apt-get install libgomp1")
