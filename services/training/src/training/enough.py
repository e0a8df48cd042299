"""Whether there is enough to train on: samples, and moves that leave something after costs."""

from __future__ import annotations

from loguru import logger

from contracts.counted import counted
from contracts.errors import BadSettingError
from contracts.units import MS_PER_SECOND
from features import bars_until_warm
from modeling.dataset import Dataset
from modeling.judging.moves import LEAST_SHARE, Moves, moves_beyond_costs
from modeling.recipe import TooFewRowsError
from streaming.settings import environment_variable
from training.settings import TrainingSettings


def require_samples(data: Dataset, settings: TrainingSettings) -> None:
    """Say why rows are no samples, and refuse to train on next to nothing.

    Raises
    ------
    TooFewRowsError
        Naming how many warm rows there are and how many are needed.
    """
    logger.info("{:,} of {} are samples. {}", len(data.samples), counted(data.rows, "row"), _unused(data))
    count, length = len(data.samples), data.samples.length
    rows, pairs = counted(data.rows, "row"), counted(len(data.pairs), "pair")
    if count < settings.min_samples:
        warm_up = bars_until_warm("core", settings.interval_s)
        raise TooFewRowsError(
            f"expected at least {settings.min_samples} samples, was {count}: {rows} of "
            f"{settings.interval_s} s in {pairs}, {data.warm_rows} of them warm. {_unused(data)} A pair's rows are "
            f"warm after up to {warm_up} bars; then {length + settings.horizon_bars} consecutive ones give the "
            "first sample, each further one another"
        )


def _unused(data: Dataset) -> str:
    """Say why rows are no samples."""
    causes = ", ".join(f"{count:,} {cause.replace('_', ' ')}" for cause, count in data.unused.items() if count)
    return f"The others: {causes}." if causes else "There are no others."


def require_moves(data: Dataset, settings: TrainingSettings) -> Moves:
    """Return how often moves exceed a round trip, and say it; refuse to train where there is too little to be gained.

    Raises
    ------
    BadSettingError
        Naming horizon, share, and the horizon from which there is enough; not if the settings say to go on.
    """
    cost_bps = settings.trading_rule.cost_bps
    moves = moves_beyond_costs(data.closes, settings.interval_s * MS_PER_SECOND, settings.horizon_bars, cost_bps)
    logger.info("{}", moves)
    if moves.enough:
        return moves
    ahead = counted(settings.horizon_bars, "bar")
    if not settings.require_moves:
        logger.warning("only {:.1f} % over {}: no forecast of the others can pay", 100 * moves.share, ahead)
        return moves
    horizon, goes_on = (environment_variable(TrainingSettings, name) for name in ("horizon_bars", "require_moves"))
    longest = counted(max(moves.shares, default=0), "bar")
    enough = f"at none up to {longest}" if moves.enough_from is None else f"from {moves.enough_from} on"
    raise BadSettingError(
        horizon,
        f"a horizon over which at least {100 * LEAST_SHARE:g} % of moves exceed a round trip of {2 * cost_bps:g} "
        f"basis points ({enough}), or {goes_on}=false to train all the same",
        f"{ahead}, over which {100 * moves.share:.1f} % do",
    )
