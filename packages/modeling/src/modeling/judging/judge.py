"""From forecasts on windows that shaped nobody to the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from modeling.judging.evidence import evidence, per_window
from modeling.judging.sharpe import SharpeFacts, deflated_sharpe
from modeling.judging.trading import TradingRule, trade
from modeling.judging.trials import Trial, tries
from modeling.judging.verdict import Bar, Verdict
from modeling.metrics import log_losses

Floats = NDArray[np.float64]

#: The p that a positive net return may have.
NET_LEVEL = 0.05
#: A refit of the champion's own recipe is refused if it is worse at this level.
REFIT_LEVEL = 0.10


@dataclass(frozen=True, slots=True)
class Decided:
    """What a recipe said of bars, and where a decision on it is filled.

    Parameters
    ----------
    times_ms, pairs, next_opens
        Of each bar: window, pair, and the next bar's open.
    forecast
        The recipe's probabilities.
    """

    times_ms: NDArray[np.int64]
    pairs: NDArray[np.int64]
    next_opens: Floats
    forecast: Floats

    @classmethod
    def joined(cls, parts: Iterable[Decided]) -> Decided:
        """Return several as one.

        Returns
        -------
        Decided
            In their order; of none there are no bars.
        """
        none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        columns = [(part.times_ms, part.pairs, part.next_opens, part.forecast) for part in parts]
        times_ms, pairs, opens, forecast = zip((none, none, nothing, nothing), *columns, strict=True)
        return cls(np.concatenate(times_ms), np.concatenate(pairs), np.concatenate(opens), np.concatenate(forecast))


@dataclass(frozen=True, slots=True)
class Judged:
    """Forecasts of the judged samples, by whom they are.

    Parameters
    ----------
    times_ms, pairs, y, next_opens
        Of each sample: window, pair, what happened, and the next bar's open.
    forecast
        The recipe's probabilities.
    bars
        Probabilities of each forecast that must be beaten, by name; NaN where it has none.
    learned
        Whether the recipe learned anything in the folds, and in the end: an epoch, a tree.
    champion
        The champion's own weights on what they have not seen, for a refit of its recipe; NaN elsewhere.
    rivals
        Probabilities of other candidates of the same study.
    given_up
        How many more candidates it had, that were given up before the end.
    idle
        Bars where neither of the two things happened that are foreseen: nothing can be judged there but what trading
        them costs.
    """

    times_ms: NDArray[np.int64]
    pairs: NDArray[np.int64]
    y: Floats
    next_opens: Floats
    forecast: Floats
    bars: Mapping[str, Floats]
    learned: bool
    champion: Floats | None = None
    rivals: Sequence[Floats] = field(default=())
    given_up: int = 0
    idle: Decided | None = None

    def decided(self) -> Decided:
        """Return all bars that are traded.

        Returns
        -------
        Decided
            The judged ones, then the idle ones.
        """
        own = Decided(self.times_ms, self.pairs, self.next_opens, self.forecast)
        return own if self.idle is None else Decided.joined([own, self.idle])


def judge(
    judged: Judged, rule: TradingRule, *, interval_ms: int, horizon_bars: int, earlier: Sequence[Trial] = ()
) -> Verdict:
    """Return the verdict on a recipe.

    Parameters
    ----------
    judged
        Its forecasts, and those of whom it must beat.
    rule
        How forecasts are traded.
    interval_ms, horizon_bars
        Length of a bar, and how many a label reaches ahead.
    earlier
        What was judged before. Of a refit of the champion's recipe nothing counts: nobody chose it anew.

    Returns
    -------
    Verdict
        Its bars: each forecast of `bars`, whether it learned, the net return, and ``champion_refit`` of a refit.
    """
    decided = judged.decided()
    traded = trade(decided.times_ms, decided.pairs, decided.next_opens, decided.forecast, rule, interval_ms)
    net, gross = (per_window(decided.times_ms, each) for each in (traded.net, traded.gross))
    facts = SharpeFacts.of(net)
    window_end_ms = int(judged.times_ms.max()) + interval_ms
    candidates = 1 + len(judged.rivals) + judged.given_up
    trial = Trial("candidate", int(judged.times_ms.min()), window_end_ms, facts.sharpe, candidates)
    counted = tries(trial, () if judged.champion is not None else earlier)
    bars = [_learned(judged)]
    bars += [_beats(judged, name, forecast, horizon_bars, counted.level) for name, forecast in judged.bars.items()]
    if judged.champion is not None:
        bars.append(_refit(judged, judged.champion, horizon_bars))
    found = evidence(net, horizon_bars)
    paid = found.p <= NET_LEVEL
    bars.append(_bar("net_return", found.mean, 0.0, found.p, NET_LEVEL, found.effective_samples, passed=paid))
    return Verdict(
        bars=tuple(bars),
        tries=counted.count,
        candidates=trial.count,
        sharpe=facts.sharpe,
        deflated_sharpe=deflated_sharpe(facts, counted.count, counted.sharpe_variance),
        gross_return=float(gross.sum()),
        net_return=float(net.sum()),
        buys=traded.buys,
        windows=len(np.unique(judged.times_ms)),
    )


def _bar(name: str, value: float, bar: float, p: float, level: float, effective: float, *, passed: bool) -> Bar:
    return Bar(name=name, value=value, bar=bar, p=p, level=level, effective_samples=effective, passed=passed)


def _learned(judged: Judged) -> Bar:
    """An untrained net says the base rate, and rounding may put that a hair below the base rate itself."""
    varies = judged.learned and float(np.ptp(judged.forecast)) > 1e-6
    return Bar(name="learned", value=float(varies), bar=1.0, passed=varies)


def _beats(judged: Judged, name: str, forecast: Floats, horizon_bars: int, level: float) -> Bar:
    known = np.isfinite(forecast)
    y, times_ms = judged.y[known], judged.times_ms[known]
    own, other = log_losses(y, judged.forecast[known]), log_losses(y, forecast[known])
    rivals = [per_window(times_ms, other - log_losses(y, rival[known])) for rival in judged.rivals]
    found = evidence(per_window(times_ms, other - own), horizon_bars, rivals=rivals)
    passed = found.p <= level
    own_mean, other_mean = (float(each.mean()) if len(each) else float("inf") for each in (own, other))
    return _bar(name, own_mean, other_mean, found.p, level, found.effective_samples, passed=passed)


def _refit(judged: Judged, champion: Floats, horizon_bars: int) -> Bar:
    """A refit of the champion's recipe need only be no worse than the champion's weights on what is new to both."""
    known = np.isfinite(champion)
    own, other = (log_losses(judged.y[known], each[known]) for each in (judged.forecast, champion))
    worse = evidence(per_window(judged.times_ms[known], own - other), horizon_bars)
    own_mean, other_mean = (float(each.mean()) if len(each) else 0.0 for each in (own, other))
    passed = worse.p > REFIT_LEVEL
    named = "champion_refit"
    return _bar(named, own_mean, other_mean, 1 - worse.p, 1 - REFIT_LEVEL, worse.effective_samples, passed=passed)
