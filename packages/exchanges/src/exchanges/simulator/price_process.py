"""Minute by minute: where the latent price goes, how volatile and how busy the market is.

One minute's log return is

    r = sigma * (regime drift + momentum + pull to the anchor + noise) + jump

with ``sigma^2`` following GARCH(1,1), momentum an AR(1) with a half-life of about a quarter of an hour, the anchor a
slow average of the price, and noise partly shared by all pairs. Momentum and pull are what a model can learn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exchanges.simulator.instruments import Instrument

Floats = NDArray[np.float64]

MINUTES_PER_DAY = 1_440

# GARCH(1,1) in units of the instrument's own volatility; unconditional variance 1.
GARCH_ALPHA, GARCH_BETA = 0.10, 0.885
GARCH_OMEGA = 1.0 - GARCH_ALPHA - GARCH_BETA
VARIANCE_BOUNDS = (0.15, 8.0)

MOMENTUM_KEEP = 0.93
MOMENTUM_SHOCK = 0.08
SHARED_NOISE = 0.45
ANCHOR_SPEED = 0.02
JUMP_PROBABILITY = 1 / 600
HOME_PULL = 2e-5


@dataclass(frozen=True, slots=True)
class Regime:
    """A mood of the market; drift and pull in units of sigma per minute."""

    name: str
    drift: float
    pull: float
    volatility: float
    quiet_probability: float
    mean_minutes: float
    weight: float


REGIMES = (
    Regime("trend_up", 0.13, 0.0, 1.0, 0.015, 70, 0.26),
    Regime("trend_down", -0.13, 0.0, 1.1, 0.015, 70, 0.26),
    Regime("range", 0.0, 0.035, 0.7, 0.06, 90, 0.34),
    Regime("volatile", 0.0, 0.0, 2.0, 0.005, 35, 0.14),
)
_WEIGHTS = np.cumsum([regime.weight for regime in REGIMES])


@dataclass(slots=True)
class MarketState:
    """What one block of minutes hands to the next."""

    log_price: float
    home: float
    anchor: float
    variance: float = 1.0
    momentum: float = 0.0
    regime: int = 2
    regime_minutes_left: int = 30

    @classmethod
    def at_start(cls, instrument: Instrument) -> MarketState:
        """Return the state at the first minute of the market."""
        log_price = math.log(instrument.start_price)
        return cls(log_price=log_price, home=log_price, anchor=log_price)


@dataclass(frozen=True, slots=True)
class Minutes:
    """A block of minutes: log price at each minute's two ends, its volatility, its expected orders."""

    opens: Floats
    closes: Floats
    sigmas: Floats
    intensities: Floats
    flows: Floats


def intraday_activity(minute_of_day: Floats) -> Floats:
    """Return the day's activity pattern, average about 1: quiet at 04:00 UTC, busiest about 15:00."""
    hours = minute_of_day / 60.0
    london_new_york = np.exp(-(((hours - 15.0) / 3.2) ** 2))
    tokyo = np.exp(-(((hours - 1.0) / 2.2) ** 2))
    return 0.72 + 0.85 * london_new_york + 0.3 * tokyo


def advance(
    state: MarketState, instrument: Instrument, first_minute: int, noise: Floats, rng: np.random.Generator
) -> Minutes:
    """Move `state` through ``len(noise)`` minutes and return what happened in them.

    Parameters
    ----------
    state
        Changed in place.
    first_minute
        Minutes since the Unix epoch.
    noise
        The part of the noise all pairs share, standard normal.
    rng
        This pair's own randomness for this block.
    """
    count = len(noise)
    activity = intraday_activity((np.arange(float(count)) + first_minute % MINUTES_PER_DAY) % MINUTES_PER_DAY)
    fat_tails = rng.standard_t(5, count) / math.sqrt(5 / 3)
    eps = math.sqrt(SHARED_NOISE) * noise + math.sqrt(1 - SHARED_NOISE) * fat_tails
    shocks = rng.standard_normal(count) * MOMENTUM_SHOCK
    draws = rng.random((count, 4))
    jumps = np.where(draws[:, 0] < JUMP_PROBABILITY, rng.standard_normal(count) * 5.0, 0.0)
    block = Minutes(*(np.empty(count) for _ in range(5)))
    for i in range(count):
        regime = _regime(state, draws[i, 1], draws[i, 2])
        sigma = instrument.minute_volatility * regime.volatility * math.sqrt(state.variance * activity[i])
        state.momentum = MOMENTUM_KEEP * state.momentum + shocks[i]
        pull = regime.pull * (state.anchor - state.log_price) / instrument.minute_volatility
        drift = regime.drift + state.momentum + pull
        move = sigma * (drift + eps[i] + jumps[i]) + HOME_PULL * (state.home - state.log_price)
        block.opens[i], block.sigmas[i], block.flows[i] = state.log_price, sigma, drift
        state.log_price += move
        block.closes[i] = state.log_price
        busy = 0.55 + 0.45 * regime.volatility * math.sqrt(state.variance) + 0.25 * abs(eps[i])
        quiet = draws[i, 3] < regime.quiet_probability / activity[i]
        block.intensities[i] = 0.0 if quiet else activity[i] * busy
        _age(state, float(eps[i] + jumps[i]))
    return block


def _regime(state: MarketState, choice: float, duration: float) -> Regime:
    if state.regime_minutes_left <= 0:
        state.regime = int(np.searchsorted(_WEIGHTS, choice * _WEIGHTS[-1], side="right"))
        mean = REGIMES[state.regime].mean_minutes
        state.regime_minutes_left = 10 + int(-mean * math.log(1.0 - duration))
    state.regime_minutes_left -= 1
    return REGIMES[state.regime]


def _age(state: MarketState, shock: float) -> None:
    """Let the minute's shock feed the next minute's variance, and the anchor follow the price."""
    low, high = VARIANCE_BOUNDS
    variance = GARCH_OMEGA + (GARCH_ALPHA * min(shock * shock, 16.0) + GARCH_BETA) * state.variance
    state.variance = min(max(variance, low), high)
    state.anchor += ANCHOR_SPEED * (state.log_price - state.anchor)
