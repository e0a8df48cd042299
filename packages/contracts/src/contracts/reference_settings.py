"""Which pair is compared with which: a mixin for the settings of services that deal with it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field, field_validator

from contracts.units import Pair


class ReferenceSettings(BaseModel):
    """Adds TRADESTREAM_REFERENCE_PAIRS, read alike by candles and indicators.

    Examples
    --------
    >>> ReferenceSettings(TRADESTREAM_REFERENCE_PAIRS={"ETH/USD": "BTC/USD", "SOL/USD": "BTC/USD"}).followers
    {'BTC/USD': ('ETH/USD', 'SOL/USD')}
    """

    reference_pairs: dict[Pair, Pair] = Field(
        {},
        validation_alias="TRADESTREAM_REFERENCE_PAIRS",
        description='JSON: pair -> the pair that its features compare it with, such as {"ETH/USD": "BTC/USD"}; '
        "{} for none",
    )

    @field_validator("reference_pairs")
    @classmethod
    def _are_others(cls, pairs: Mapping[str, str]) -> Mapping[str, str]:
        for pair, reference in pairs.items():
            if pair == reference:
                raise ValueError(f"another pair than itself as the reference of {pair}")
        return pairs

    @property
    def followers(self) -> dict[str, tuple[str, ...]]:
        """Reference pair -> the pairs that are compared with it."""
        return {
            reference: tuple(sorted(pair for pair, other in self.reference_pairs.items() if other == reference))
            for reference in sorted(set(self.reference_pairs.values()))
        }
