"""Trades that were set aside: counted as trades, however many of them one dead letter holds."""

from __future__ import annotations

from contracts.errors import BadInputError
from contracts.topics import TRADES, dead_letters_name
from contracts.trade_frame import TradeFrame
from results.run_log import RunLog

#: Services whose dead letters hold trades, and those reasons of a letter that is one row of a venue or a file.
_ROWS = {"trades": (b"bad-row", b"ids-start-again"), "candles": ()}


def lost_trades(log: RunLog) -> dict[str, int]:
    """Return how many trades each service set aside, those with none left out.

    Returns
    -------
    dict[str, int]
        By service.
    """
    lost = {service: _lost_by(log, service, reasons) for service, reasons in _ROWS.items()}
    return {service: trades for service, trades in lost.items() if trades}


def _lost_by(log: RunLog, service: str, reasons: tuple[bytes, ...]) -> int:
    from streaming.embedded.headers import decode

    trades = 0
    for _, _, _, value, headers in log.read_all(dead_letters_name(service, log.environment)):
        if dict(decode(headers) or ()).get("reason") in reasons:
            trades += 1
        elif value is not None:
            trades += _trades_of(value)
    return trades


def _trades_of(value: bytes) -> int:
    """Return how many trades a message holds that could not be used."""
    try:
        message = TRADES.decode(value)
    except BadInputError:
        return 0
    return len(message.trade_ids) if isinstance(message, TradeFrame) else 0
