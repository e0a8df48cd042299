"""Trades that were set aside: counted as trades, however many of them one dead letter holds."""

from __future__ import annotations

from contracts.errors import BadInputError
from contracts.topics import TRADES, dead_letters_name
from contracts.trade_frame import TradeFrame
from results.run_log import RunLog

#: Services whose dead letters hold trades.
_SERVICES = ("trades", "candles")
#: Reason and source of a letter that is one trade. A venue's bad row is none: the feed asks for its trade again.
_ROW_OF_A_FILE = (b"bad-row", b"recorded")
_LOST = b"ids-start-again"


def lost_trades(log: RunLog) -> dict[str, int]:
    """Return how many trades each service set aside, those with none left out.

    Returns
    -------
    dict[str, int]
        By service.
    """
    lost = {service: _lost_by(log, service) for service in _SERVICES}
    return {service: trades for service, trades in lost.items() if trades}


def _lost_by(log: RunLog, service: str) -> int:
    from streaming.embedded.headers import decode

    trades = 0
    for _, _, _, value, headers in log.read_all(dead_letters_name(service, log.environment)):
        said = dict(decode(headers) or ())
        reason = said.get("reason")
        if reason == _LOST or (reason, said.get("source_topic")) == _ROW_OF_A_FILE:
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
