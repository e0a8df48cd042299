"""What a venue allows of a pair is the same in each venue's words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts.errors import BadInputError
from contracts.instrument import Instrument
from exchanges.binance.instruments import parse_instruments as of_binance
from exchanges.coinbase.instruments import parse_instruments as of_coinbase
from exchanges.instruments import instruments, main
from exchanges.kraken.instruments import parse_instruments as of_kraken
from exchanges.venue import UnknownPairError


async def asked(open_bench: Callable[..., Any]) -> tuple[str, dict[str, Instrument], str]:
    async with open_bench() as bench:
        found = await bench.rest.instruments(["BTC/USD", "SOL/USD"])
        with pytest.raises(UnknownPairError):
            await bench.rest.instruments(["XYZ/USD"])
        return bench.venue.name, found, await instruments(bench.venue.name, ["BTC/USD"], bench.urls.rest_url)


def test_every_venue_tells_what_its_market_allows(open_bench: Callable[..., Any]) -> None:
    name, found, printed = asyncio.run(asked(open_bench))
    bitcoin, solana = found["BTC/USD"], found["SOL/USD"]
    assert (bitcoin.exchange, bitcoin.pair) == (name, "BTC/USD")
    assert (bitcoin.tick, bitcoin.lot, bitcoin.minimum_quantity, bitcoin.minimum_cost) == (
        Decimal("0.1"),
        Decimal("1e-8"),
        Decimal("0.00005"),
        Decimal("0.5"),
    )
    assert (solana.tick, solana.minimum_quantity) == (Decimal("0.01"), Decimal("0.02"))
    # The others tell their fees to customers only: none is known, and the broker's usual ones hold.
    fees = (Decimal(40), Decimal(25)) if name == "kraken" else (None, None)
    assert (bitcoin.taker_bps, bitcoin.maker_bps) == fees
    assert [Instrument.model_validate(each) for each in json.loads(printed)] == [bitcoin]


@pytest.mark.parametrize(
    ("parse", "answer", "complaint"),
    [
        (of_kraken, {"error": [], "result": {"X": {"wsname": "XBT/USD"}}}, "X.lot_decimals: expected a whole number"),
        (of_kraken, {"error": [], "result": []}, "result: expected a JSON object of pairs"),
        (of_coinbase, {"products": [{"product_id": "BTC-USD"}]}, "BTC-USD.price_increment: expected a positive"),
        (of_coinbase, [], "products: expected a list"),
        (of_binance, {"symbols": [{"symbol": "BTCUSD"}]}, "BTCUSD.PRICE_FILTER.tickSize: expected a positive"),
        (of_binance, {}, "symbols: expected a list"),
    ],
)
def test_an_answer_that_says_it_not_is_refused_by_field(parse: Any, answer: Any, complaint: str) -> None:
    with pytest.raises(BadInputError, match=complaint):
        parse(json.dumps(answer), ["BTC/USD"])


def test_the_command_wants_a_venue_and_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kraken"]) == 2
    assert main(["mtgox", "BTC/USD"]) == 2
    assert "expected one of binance, coinbase, kraken" in capsys.readouterr().err
    assert main(["kraken", "BTC/USD", "ETHUSD"]) == 2  # before anybody is asked
    assert capsys.readouterr().err == "pair: expected a pair written BASE/QUOTE, such as BTC/USD, was 'ETHUSD'\n"
