"""What all venues have in common: the trade, rows that could not be read, and how a venue fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.errors import BadInputError, TradestreamError
from contracts.trade_frame import Side, TradeFrame

#: So many trades are in one message at most.
FRAME_TRADES = 1_000


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade as a `TradeFrame` row has it: price and quantity canonical decimals, `side` the taker's.

    Parameters
    ----------
    trade_id
        The venue's number.
    timestamp_us
        Event time, microseconds.
    price, quantity
        In quote and in base currency.
    """

    trade_id: int
    timestamp_us: int
    price: str
    quantity: str
    side: Side


@dataclass(frozen=True, slots=True)
class BadRow:
    """Something a venue sent that cannot be used: its own text, and why.

    Parameters
    ----------
    text
        What came, as it came.
    reason
        Why it cannot be used.
    pair
        Of which pair, where that is known.
    """

    text: str
    reason: str
    pair: str | None = None


class VenueError(TradestreamError):
    """A venue did not do what it was asked."""


class TransientVenueError(VenueError):
    """It may work later: no connection, too many requests, maintenance."""


class PermanentVenueError(VenueError):
    """It will fail the same way again: a wrong address, an argument the venue refuses."""


class UnknownPairError(PermanentVenueError):
    """The venue does not list a pair.

    Parameters
    ----------
    pair
        As it was asked for.
    venue
        Which does not list it.
    similar
        Pairs the venue does list.
    """

    def __init__(self, pair: str, venue: str, similar: Sequence[str] = ()) -> None:
        self.pair = pair
        hint = f"; did you mean {', '.join(similar)}?" if similar else ""
        super().__init__(f"{venue} does not list {pair!r}; pairs are written BASE/QUOTE, such as BTC/USD{hint}")


def in_id_order(trades: Sequence[Trade]) -> tuple[list[Trade], list[Trade]]:
    """Return `trades` by trade id without repeats, and those that contradict another of the same id."""
    kept: dict[int, Trade] = {}
    contradicting = [trade for trade in trades if kept.setdefault(trade.trade_id, trade) != trade]
    return [kept[trade_id] for trade_id in sorted(kept)], contradicting


def trade_frame(exchange: str, pair: str, trades: Sequence[Trade], *, consecutive_ids: bool) -> TradeFrame:
    """Return `trades`, which must be in id order, as the message.

    Parameters
    ----------
    exchange, pair
        Whose trades.
    trades
        At least one.
    consecutive_ids
        Whether the venue numbers its trades without holes.

    Returns
    -------
    TradeFrame
        All of them in one frame.

    Raises
    ------
    BadInputError
        If there is none.
    """
    if not trades:
        raise BadInputError("trades", "at least one trade", [])
    return TradeFrame(
        exchange=exchange,
        pair=pair,
        consecutive_ids=consecutive_ids,
        trade_ids=[t.trade_id for t in trades],
        timestamps_us=[t.timestamp_us for t in trades],
        prices=[t.price for t in trades],
        quantities=[t.quantity for t in trades],
        sides=[t.side for t in trades],
    )


def trade_frames(exchange: str, pair: str, trades: Sequence[Trade], *, consecutive_ids: bool) -> Iterator[TradeFrame]:
    """Yield `trades`, which must be in id order, as messages of `FRAME_TRADES` at most.

    Parameters
    ----------
    exchange, pair, consecutive_ids
        As `trade_frame`.
    trades
        Any number.

    Yields
    ------
    TradeFrame
        In the same order; none without trades.
    """
    for begin in range(0, len(trades), FRAME_TRADES):
        yield trade_frame(exchange, pair, trades[begin : begin + FRAME_TRADES], consecutive_ids=consecutive_ids)
