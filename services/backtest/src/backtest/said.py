"""What operators and a venue said to an account during a run, and after which of its minutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.order_report import OrderReport
from contracts.owner import Owner
from contracts.signal import Signal
from contracts.state import MemoryState
from execution.core.hear import Word
from execution.core.minute.bar_synchroniser import BarSynchroniser
from execution.core.owners.fold import line_of
from execution.core.policy import Policy

#: The start of the last window that was acted on before, None before the first; and what was said.
Said = tuple[int | None, Word]


def said_to(of: Account | Owner, messages: Iterable[Message], policy: Policy) -> Iterator[Said]:
    """Yield what was said to an account, or to all of an owner, with the minute that it follows for execution.

    Parameters
    ----------
    of
        To whom.
    messages
        What is on `signals`, in its order.
    policy
        How long minutes wait for slow pairs.

    Yields
    ------
    Said
        In the order in which they were said.
    """
    state, acted_ms = MemoryState(), None
    pairs = {each.name: each.pairs for each in (of.accounts if isinstance(of, Owner) else (of,))}
    for message in messages:
        if message.key not in pairs:
            continue
        if isinstance(message, OperatorCommand | OrderReport):
            yield acted_ms, message
        elif isinstance(message, Signal | CandleMark) and message.pair in pairs[message.account]:
            line = line_of(state, of, policy) if isinstance(of, Owner) else _line(state, of, policy)
            if not line.is_known(message):
                for together, _ in line.take_together(message):
                    acted_ms = together[0].window_start_ms
                line.save()


def _line(state: MemoryState, account: Account, policy: Policy) -> BarSynchroniser:
    return BarSynchroniser(state, account.pairs, policy.maximum_pending_bars)
