"""Prices and fees of the paper broker."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import BadSettingError
from contracts.units import EXACT
from exchanges.paper import PaperBroker

#: Prices of all sizes that a trade may have: coins such as PEPE and SHIB cost 1e-8 of a dollar and less of a bitcoin.
prices = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(1, 999_999), st.integers(-38, 6)
)
positive = st.decimals("0.00000001", "1000000", places=8).filter(lambda value: value > 0)
basis_points = st.decimals(0, 500, places=2)


def test_slippage_is_adverse_and_fees_are_of_the_value() -> None:
    broker = PaperBroker(slippage_bps=Decimal(2))
    assert broker.price("buy", Decimal(50_010)) == Decimal("50020.002")
    assert broker.price("sell", Decimal(50_190)) == Decimal("50179.962")
    assert broker.fee_quote(Decimal("0.04"), Decimal("50020.002")) == Decimal("8.00320032")


def test_a_halved_last_digit_goes_to_even() -> None:
    broker = PaperBroker(fee_bps=Decimal(10_000) / 2)
    assert broker.fee_quote(Decimal("0.00000001"), Decimal(1)) == Decimal(0)
    assert broker.fee_quote(Decimal("0.00000003"), Decimal(1)) == Decimal("0.00000002")


@settings(derandomize=True, deadline=None)
@given(prices, basis_points, basis_points, positive)
def test_the_trader_never_gains_by_rounding(reference: Decimal, slip: Decimal, fee: Decimal, size: Decimal) -> None:
    broker = PaperBroker(slippage_bps=slip, fee_bps=fee)
    bought, sold = broker.price("buy", reference), broker.price("sell", reference)
    assert 0 < sold <= reference <= bought
    for rounded, exact in ((bought, reference * (1 + slip / 10_000)), (sold, reference * (1 - slip / 10_000))):
        lost = abs(EXACT.subtract(rounded, exact))
        assert lost < Decimal("1e-12")
        assert lost < exact * Decimal("1e-7")
    assert EXACT.subtract(bought, reference * (1 + slip / 10_000)) >= 0
    assert EXACT.subtract(reference * (1 - slip / 10_000), sold) >= 0
    assert broker.fee_quote(size, bought) >= 0


@pytest.mark.parametrize("field", ["slippage_bps", "fee_bps"])
@pytest.mark.parametrize("value", [Decimal(-1), Decimal(10_000)])
def test_costs_that_make_no_sense_are_refused(field: str, value: Decimal) -> None:
    with pytest.raises(BadSettingError, match=f"{field}: expected at least 0"):
        PaperBroker(**{field: value})  # type: ignore[arg-type]
