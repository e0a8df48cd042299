"""A connection on which an account is listened to: what is told of it, when it is due."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import News
from exchanges.simulator.dialects.dialect import Dialect, Line
from exchanges.simulator.market import Market
from exchanges.simulator.venue import Venue


class AccountSocket(Dialect):
    """Tells of an account and of no trades."""

    def __init__(self, venue: Venue, line: Line) -> None:
        super().__init__(venue, line)
        self._account: Account | None = None
        self._told = 0
        self._late: list[tuple[int, int, News]] = []

    @property
    def in_use(self) -> bool:
        """Say whether an account is listened to."""
        return self._account is not None

    def trades(
        self, market: Market, indices: Sequence[int], snapshot: bool, negative: set[int] | frozenset[int]
    ) -> str:
        """Refuse: no pair streams here."""
        raise NotImplementedError("a private WebSocket has no trades")

    def _listen(self, name: str, now_us: int) -> Account:
        """Tell of an account from `now_us` on, and of what happened before and is late."""
        self._account = account = self._venue.engine.accounts[name]
        self._venue.engine.advance(now_us)
        self._told = len(account.news)
        # What is late is so for whoever listens when it comes.
        self._late = [(news.due_us, index, news) for index, news in enumerate(account.news) if news.due_us > now_us]
        heapq.heapify(self._late)
        return account

    def _due(self, account: Account) -> list[News]:
        """Return what is to be told of it now: in the order in which it was put down, not in that of its times."""
        now_us = self._venue.now_us()
        self._venue.engine.advance(now_us)
        for index in range(self._told, len(account.news)):
            heapq.heappush(self._late, (account.news[index].due_us, index, account.news[index]))
        self._told = len(account.news)
        due = []
        while self._late and self._late[0][0] <= now_us:
            due.append(heapq.heappop(self._late)[1:])
        return [news for _, news in sorted(due, key=lambda pair: pair[0])]
