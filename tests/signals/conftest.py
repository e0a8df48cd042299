"""Makes the helpers beside the tests importable."""

from __future__ import annotations
