"""The pairs the simulated venue lists, with the names and decimals Kraken gives them."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import BadInputError

#: The least that an order costs, in the quote currency.
COST_MINIMUM = "0.5"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One pair.

    Parameters
    ----------
    pair
        Its WebSocket v2 name, ``BTC/USD``.
    rest_key, altname, wsname
        Its three other names: the key of a REST result, what a REST caller asks for, the WebSocket v1 name.
    price_decimals, lot_decimals
        Prices are whole ticks of 10^-price_decimals, quantities whole lots of 10^-lot_decimals.
    start_price
        First price of a simulated market.
    trades_per_minute
        Average over a day.
    minute_volatility
        Standard deviation of a one-minute log return in a normal hour.
    median_quote
        Median size of a trade, in the quote currency.
    trade_id_base
        The id before the market's first trade.
    order_minimum
        Smallest order, in the base currency.
    """

    pair: str
    rest_key: str
    altname: str
    price_decimals: int
    start_price: float
    trades_per_minute: float
    minute_volatility: float
    median_quote: float
    trade_id_base: int
    order_minimum: str
    lot_decimals: int = 8

    @property
    def wsname(self) -> str:
        """Return the WebSocket v1 name, which still says XBT and XDG."""
        return self.pair.replace("BTC", "XBT").replace("DOGE", "XDG")

    @property
    def tick_size(self) -> str:
        """Return the smallest price step as Kraken writes it."""
        return "1" if self.price_decimals == 0 else f"0.{'0' * (self.price_decimals - 1)}1"


INSTRUMENTS: dict[str, Instrument] = {
    i.pair: i
    for i in (
        Instrument("BTC/USD", "XXBTZUSD", "XBTUSD", 1, 64_250.0, 15.0, 6.5e-4, 250.0, 81_236_500, "0.00005"),
        Instrument("ETH/USD", "XETHZUSD", "ETHUSD", 2, 3_120.0, 12.5, 8.0e-4, 200.0, 52_418_900, "0.001"),
        Instrument("SOL/USD", "SOLUSD", "SOLUSD", 2, 148.0, 10.5, 1.0e-3, 150.0, 18_904_300, "0.02"),
        Instrument("XRP/USD", "XXRPZUSD", "XRPUSD", 5, 0.58, 10.5, 9.0e-4, 120.0, 31_550_100, "2"),
        Instrument("DOGE/USD", "XDGUSD", "XDGUSD", 7, 0.1215, 10.0, 1.1e-3, 100.0, 9_712_400, "10"),
        Instrument("ADA/USD", "ADAUSD", "ADAUSD", 6, 0.395, 9.0, 1.0e-3, 100.0, 14_301_700, "4"),
        Instrument("LTC/USD", "XLTCZUSD", "LTCUSD", 2, 72.5, 8.0, 8.5e-4, 110.0, 11_002_800, "0.03"),
        Instrument("LINK/USD", "LINKUSD", "LINKUSD", 5, 14.2, 8.0, 1.0e-3, 110.0, 6_118_000, "0.2"),
        Instrument("DOT/USD", "DOTUSD", "DOTUSD", 4, 6.3, 7.5, 1.0e-3, 90.0, 7_450_600, "0.5"),
        Instrument("AVAX/USD", "AVAXUSD", "AVAXUSD", 2, 26.4, 7.5, 1.0e-3, 90.0, 5_902_700, "0.2"),
        Instrument("BTC/EUR", "XXBTZEUR", "XBTEUR", 1, 59_300.0, 12.0, 6.5e-4, 220.0, 48_811_200, "0.00005"),
        Instrument("ETH/EUR", "XETHZEUR", "ETHEUR", 2, 2_880.0, 10.0, 8.0e-4, 180.0, 29_640_000, "0.001"),
        Instrument("BTC/USDT", "XBTUSDT", "XBTUSDT", 1, 64_260.0, 10.0, 6.5e-4, 230.0, 8_260_700, "0.00005"),
    )
}


def instrument(pair: str) -> Instrument:
    """Return the instrument with WebSocket v2 name `pair`.

    Raises
    ------
    contracts.errors.BadInputError
        If the simulated venue does not list it.
    """
    if pair not in INSTRUMENTS:
        raise BadInputError("pair", f"one of {', '.join(INSTRUMENTS)}", pair)
    return INSTRUMENTS[pair]


def by_any_name(listed: list[Instrument]) -> dict[str, Instrument]:
    """Return every name a REST caller may use for the instruments in `listed`."""
    names = {}
    for item in listed:
        for name in (item.rest_key, item.altname, item.wsname, item.pair, item.pair.replace("/", "")):
            names[name] = item
    return names
