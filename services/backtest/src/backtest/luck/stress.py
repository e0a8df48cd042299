"""The same strategy with dearer trades, and with orders that arrive later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from backtest.plan import Terms
from contracts.errors import BadInputError
from contracts.instrument import Instrument
from exchanges.paper import PaperBroker

#: A decision is filled one bar later at the earliest, and bars know nothing between: waiting is in whole bars.
CASES: tuple[tuple[str, str, int], ...] = (
    ("costs x 1.5", "1.5", 0),
    ("costs x 2", "2", 0),
    ("one bar later", "1", 1),
    ("costs x 2, one bar later", "2", 1),
)


def harder(terms: Terms, interval_s: int) -> Iterator[tuple[str, Terms]]:
    """Yield terms that are harder, by name.

    Parameters
    ----------
    terms
        As they are.
    interval_s
        Length of a bar.

    Yields
    ------
    tuple[str, Terms]
        Fees and slippage times 1.5 and 2; orders that arrive a bar later, which is twice the bar they wait, and may
        be filled for as much longer; both.

    Raises
    ------
    BadInputError
        If the broker is not the paper broker: what its costs are is not known.
    """
    broker = terms.broker
    if not isinstance(broker, PaperBroker):
        raise BadInputError("broker", "the paper broker", type(broker).__name__)
    for name, factor, later in CASES:
        times = Decimal(factor)
        dearer = replace(
            broker,
            slippage_bps=broker.slippage_bps * times,
            fee_bps=broker.fee_bps * times,
            maker_fee_bps=max(broker.maker_fee_bps, broker.maker_fee_bps * times),
            instruments={key: _dearer(each, times) for key, each in broker.instruments.items()},
            latency_bars=broker.latency_bars + later,
        )
        yield name, replace(terms, broker=dearer, expiry_seconds=terms.expiry_seconds + later * interval_s)


def _dearer(instrument: Instrument, times: Decimal) -> Instrument:
    fees = {"taker_bps": instrument.taker_bps, "maker_bps": instrument.maker_bps}
    return instrument.model_copy(
        update={name: max(fee, fee * times) for name, fee in fees.items() if fee is not None}
    )
