"""Fixtures of the history tests."""

from __future__ import annotations
