"""RSI, directional indicators, ADX, stochastic RSI, Supertrend: null where what was forgotten could change them.

They divide one decaying average by another. On a quiet market both decay, and what decides their ratio may be what
lies before the bars they were opened on. So each says how far it can be from its value on an endless history (ADR
0011). RSI and directional indicators are known where that is at most `CONVERGENCE` of themselves, the others where it
is at most `CONVERGENCE`. What is forgotten decays at least as fast as what is remembered, so it then stays so.
Supertrend is no ratio; it is known where it would be the same whatever its bands were before.
"""

from __future__ import annotations

from collections.abc import Mapping

from features.commodity_channel import channel, no_excess, open_channel
from features.directional_movement import directional, directional_excess, open_directional
from features.known_ratios import Handle, Ratio
from features.relative_strength import open_rsi, rsi, rsi_excess
from features.stochastic_rsi import open_stochastic_rsi, stochastic_rsi, stochastic_rsi_excess
from features.supertrend import open_supertrend, supertrend, supertrend_excess
from features.trend_strength import open_trend_strength, trend_strength, trend_strength_excess

__all__ = ["RATIOS", "Handle", "Ratio"]

#: By the name that formulas have for them.
RATIOS: Mapping[str, Ratio] = {
    "RSI": Ratio(rsi, open_rsi, rsi_excess),
    "STOCHRSI": Ratio(stochastic_rsi, open_stochastic_rsi, stochastic_rsi_excess),
    "DI": Ratio(directional, open_directional, directional_excess),
    "ADX": Ratio(trend_strength, open_trend_strength, trend_strength_excess),
    "SUPERTREND": Ratio(supertrend, open_supertrend, supertrend_excess),
    "CCI": Ratio(channel, open_channel, no_excess),
}
