"""Accounts of forward tests: execution learns of them from its one input, and keeps them in their own state."""

from __future__ import annotations

from contracts.account import Account
from contracts.forward_test_event import ForwardTestEvent
from contracts.state import State
from execution.core.minute.bar_synchroniser import LINE

ACCOUNT = "account"


def open_account(state: State, event: ForwardTestEvent) -> None:
    """Keep the account of a test that begins; once it was told of a candle it stays as it is.

    Parameters
    ----------
    state
        The account's.
    event
        Its start.
    """
    if state.get(LINE) is None:
        state.set(ACCOUNT, event.opened.model_dump(mode="json"))


def account_of(state: State) -> Account | None:
    """Return the account that a test opened, None if none did."""
    saved = state.get(ACCOUNT)
    return None if saved is None else Account.model_validate(saved)
