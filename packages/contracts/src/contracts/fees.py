"""What trading costs unless told otherwise: Kraken's first tier, which is also that of most small accounts.

Source: Kraken, "Fee schedule", spot, 30-day volume below 10,000 US dollars.
"""

from __future__ import annotations

from decimal import Decimal

#: Of an order that takes what is in the book, as a market order does; basis points of the money that changes hands.
TAKER_FEE_BPS = Decimal(40)
#: Of an order that rests in the book until somebody takes it.
MAKER_FEE_BPS = Decimal(25)
#: What a market order is assumed to lose against the price that it is filled at, basis points.
SLIPPAGE_BPS = Decimal(2)
