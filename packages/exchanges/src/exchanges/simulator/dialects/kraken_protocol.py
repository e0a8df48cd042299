"""How Kraken writes things: the text of frames, rows and numbers."""

from __future__ import annotations

from exchanges.simulator.market import Market
from exchanges.simulator.text import fixed, rfc3339, to_json

REST_PRICE_DECIMALS = 5
NOT_JSON = '{"channel":"trade","type":"update","data":[{"symbol":'


def number(units: int, decimals: int) -> str:
    """Return whole `units` of 10^-`decimals` as the JSON number a WebSocket frame has; small ones with an exponent.

    Examples
    --------
    >>> number(974123, 1), number(5100, 8)
    ('97412.3', '5.1e-05')
    """
    return repr(units / 10**decimals)


def rest_time(time_ns: int) -> str:
    """Return a trade's time as REST writes it: seconds with at most seven decimals, trailing zeros gone.

    Examples
    --------
    >>> rest_time(1_772_445_601_448_120_089)
    '1772445601.4481201'
    """
    tenths_of_us = (time_ns + 50) // 100
    return f"{tenths_of_us // 10**7}.{tenths_of_us % 10**7:07d}".rstrip("0").rstrip(".")


def trade_row(market: Market, index: int) -> str:
    """Return one row of a REST Trades answer, as JSON."""
    item, trades = market.instrument, market.trades
    price = fixed(int(trades.ticks[index]), item.price_decimals, max(REST_PRICE_DECIMALS, item.price_decimals))
    volume = fixed(int(trades.lots[index]), item.lot_decimals, item.lot_decimals)
    side = "b" if trades.buys[index] else "s"
    order_type = "m" if trades.market_orders[index] else "l"
    time = rest_time(int(trades.timestamps_ns[index]))
    return f'["{price}","{volume}",{time},"{side}","{order_type}","",{market.trade_id(index)}]'


def trade_item(market: Market, index: int, negative: bool = False) -> str:
    """Return one trade of a WebSocket frame, as JSON."""
    item, trades = market.instrument, market.trades
    sign = "-" if negative else ""
    return (
        f'{{"symbol":"{item.pair}","side":"{"buy" if trades.buys[index] else "sell"}"'
        f',"price":{sign}{number(int(trades.ticks[index]), item.price_decimals)}'
        f',"qty":{number(int(trades.lots[index]), item.lot_decimals)}'
        f',"ord_type":"{"market" if trades.market_orders[index] else "limit"}"'
        f',"trade_id":{market.trade_id(index)}'
        f',"timestamp":"{rfc3339(int(trades.timestamps_us[index]))}"}}'
    )


def trade_frame(items: list[str], kind: str = "update") -> str:
    """Return a trade frame around `items`."""
    return f'{{"channel":"trade","type":"{kind}","data":[{",".join(items)}]}}'


def status_frame(connection_id: int) -> str:
    """Return the frame that greets a new connection."""
    data = {"system": "online", "api_version": "v2", "connection_id": connection_id, "version": "2.0.10"}
    return to_json({"channel": "status", "type": "update", "data": [data]})
