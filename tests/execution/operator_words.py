"""What operators say, for tests."""

from __future__ import annotations

from typing import Any

from contracts.operator_command import OperatorCommand


def command(action: Any, number: int = 1, account: str = "paper", **fields: Any) -> OperatorCommand:
    """Return an operator's word to one account."""
    return OperatorCommand(
        command_id=f"c{number}",
        account=account,
        action=action,
        reason="the feed looks wrong",
        issued_by="alice",
        issued_at_ms=1_000 + number,
        **fields,
    )
