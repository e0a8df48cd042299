"""What results say of the command that made them."""

from __future__ import annotations

import sys

import pytest

from embedded.options import typed_command


def test_no_password_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    login = ":".join(["me", "hidden"])
    monkeypatch.setattr(sys, "argv", ["tradestream", "backtest", "--from-store", f"postgresql://{login}@host/market"])
    assert typed_command() == "tradestream backtest --from-store postgresql://...@host/market"
