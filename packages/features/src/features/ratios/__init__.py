"""RSI, directional indicators, ADX and stochastic RSI: null where what was forgotten could still change them.

They divide one decaying average by another. On a quiet market both decay, and what decides their ratio may be what
lies before the bars they were opened on. So each says how far it can be from its value on an endless history (ADR
0011). RSI and directional indicators are known where that is at most `CONVERGENCE` of themselves, the others where it
is at most `CONVERGENCE`. What is forgotten decays at least as fast as what is remembered, so it then stays so.
"""

from __future__ import annotations

from collections.abc import Mapping

from features.ratios import channel, directional, stochastic, strength, trend
from features.ratios.known import Handle, Ratio

__all__ = ["RATIOS", "Handle", "Ratio"]

#: By the name that formulas have for them.
RATIOS: Mapping[str, Ratio] = {
    "RSI": Ratio(strength.rsi, strength.open_rsi, strength.rsi_excess),
    "STOCHRSI": Ratio(stochastic.stochastic_rsi, stochastic.open_stochastic_rsi, stochastic.stochastic_rsi_excess),
    "DI": Ratio(directional.directional, directional.open_directional, directional.directional_excess),
    "ADX": Ratio(trend.trend_strength, trend.open_trend_strength, trend.trend_strength_excess),
    "CCI": Ratio(channel.channel, channel.open_channel, channel.no_excess),
}
