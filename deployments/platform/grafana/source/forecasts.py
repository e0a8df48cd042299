"""What the model says, how sure it is, and how often it was right."""

from __future__ import annotations

from board import dashboard
from choices import EXCHANGE, INTERVAL, MODEL, PAIR, chosen, which
from links import AROUND, AT_POINT, around, of_row, to
from parts import Json, bars, column, figure, hidden, lines, row, sql, table

#: Each prediction whose bar has come and moved: what the model said, and whether the close was higher.
_JUDGED = f"""
    SELECT p.exchange, p.pair, p.interval_s, p.window_start_ms, p.model_name, p.model_version, p.probability_up,
        p.confidence, CASE WHEN c.close > p.mark_close THEN 1.0 ELSE 0.0 END AS went_up,
        CASE WHEN (c.close > p.mark_close) = (p.direction = 1) THEN 1.0 ELSE 0.0 END AS was_right
    FROM predictions AS p
    JOIN candles AS c ON c.exchange = p.exchange AND c.pair = p.pair AND c.interval_s = p.interval_s
        AND c.window_start_ms = p.window_start_ms + p.horizon_bars * p.interval_s * 1000
    WHERE p.reason = 'ok' AND p.direction <> 0 AND c.close <> p.mark_close AND p.model_name IN ($model)
        AND {chosen("p.")}
"""
_CHOSEN = f"model_name IN ($model) AND {chosen()}"
_COIN = 0.5
#: Of predictions (`core/quality.py`).
_DRIFTED = 4
#: Of its limit: above it a stability index is an alert.
_SHIFTED = 1


def predictions() -> Json:
    """Return the dashboard of predictions and the model."""
    return dashboard(
        "predictions",
        "predictions",
        "event-time",
        [*_versions(), *_said(), *_right(), *_watched()],
        [EXCHANGE, PAIR, INTERVAL, MODEL],
        says="What the model says, how sure it is, and whether it was right once the bars had come.",
        data=("predictions", "window_start_ms"),
    )


def _versions() -> list[Json]:
    newest = f"""
        SELECT model_name, max(model_version) AS version FROM predictions WHERE {_CHOSEN} GROUP BY model_name
        ORDER BY model_name
    """
    right = f"SELECT avg(was_right) AS accuracy FROM ({_JUDGED}) AS judged"
    reasons = f"""
        SELECT reason, count(*) AS predictions FROM predictions WHERE {_CHOSEN}
        GROUP BY reason ORDER BY predictions DESC
    """
    versions = f"""
        SELECT model_name, model_version, coalesce(model_gate, 'unknown') AS gate, feature_set, horizon_bars,
            count(*) AS predictions, to_timestamp(min(window_start_ms) / 1000) AS first,
            to_timestamp(max(window_start_ms) / 1000) AS last, min(window_start_ms) AS from_ms,
            max(window_start_ms) AS to_ms
        FROM predictions WHERE {_CHOSEN}
        GROUP BY model_name, model_version, model_gate, feature_set, horizon_bars ORDER BY last DESC
    """
    gates = {"passed": ("passed", "green"), "unproven": ("unproven", "orange")}
    there = to("predictions", "When it spoke", span=AROUND, model=of_row("model_name"))
    return [
        row("Versions"),
        figure(
            "Newest version",
            sql(newest),
            unit="none",
            says="That spoke in the time range, of each model.",
            decimals=0,
        ),
        figure(
            "Right",
            sql(right),
            unit="percentunit",
            says="Of predictions whose bar has come and moved, the share that said which way. Half is a coin.",
            decimals=1,
            height=8,
        ),
        bars(
            "Predictions by reason",
            sql(reasons),
            "reason",
            unit="short",
            says="ok, or why the model could not speak: nulls, a window not known, or unlike its training data.",
            height=8,
        ),
        table(
            "Versions in use",
            sql(versions),
            says="unproven: it has not passed the gate. Where one ends and another begins is a switch.",
            width=24,
            height=6,
            columns=[
                column("gate", words=gates),
                column("model_version", links=[there]),
                hidden("from_ms"),
                hidden("to_ms"),
            ],
        ),
    ]


def _said() -> list[Json]:
    probability = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, probability_up, {which()}
        FROM predictions WHERE {_CHOSEN} ORDER BY 1
    """
    confidence = f"""
        SELECT floor(confidence * 50) / 50 AS confidence_from, count(*) AS predictions
        FROM predictions WHERE reason = 'ok' AND {_CHOSEN} GROUP BY floor(confidence * 50) / 50 ORDER BY 1
    """
    newest = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, exchange, pair, interval_s, model_name, model_version,
            reason, direction, probability_up, confidence, {around("window_start_ms")}
        FROM predictions WHERE {_CHOSEN} ORDER BY window_start_ms DESC, pair LIMIT 100
    """
    candle = to("market", "Its candle", span=AROUND, pair=of_row("pair"), interval_s=of_row("interval_s"))
    trades = to("trading", "What accounts did with it", span=AROUND, pair=of_row("pair"))
    sides = {"1": ("up", "green"), "0": ("none", "text"), "-1": ("down", "red")}
    return [
        row("What it says"),
        lines(
            "Probability of a higher close",
            sql(probability, series=True),
            unit="percentunit",
            min=0,
            max=1,
            limits=(_COIN,),
            says="Half is a coin. Click a point for the candle or for what accounts did.",
            links=[to("market", "Its candle", span=AT_POINT), to("trading", "What accounts did", span=AT_POINT)],
        ),
        bars(
            "Confidence",
            sql(confidence),
            "confidence_from",
            unit="short",
            says="Predictions by the probability of the more likely side, in steps of 2 %.",
        ),
        table(
            "Newest predictions",
            sql(newest),
            says="The newest 100, with a way to the candle and to the trades.",
            width=24,
            columns=[
                column("time", links=[candle, trades]),
                column("direction", words=sides),
                column("/^(probability_up|confidence)$/", unit="percentunit", decimals=1),
                hidden("from_ms"),
                hidden("to_ms"),
            ],
        ),
    ]


def _right() -> list[Json]:
    rolling = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, avg(was_right) OVER (
            PARTITION BY exchange, pair, interval_s, model_name ORDER BY window_start_ms
            ROWS BETWEEN 59 PRECEDING AND CURRENT ROW) AS last_60, {which()}
        FROM ({_JUDGED}) AS judged ORDER BY 1
    """
    by_version = f"""
        SELECT model_name, model_version, pair, count(*) AS judged, avg(was_right) AS accuracy,
            avg(went_up) AS up_share, avg(confidence) AS mean_confidence,
            avg((probability_up - went_up) * (probability_up - went_up)) AS brier
        FROM ({_JUDGED}) AS judged GROUP BY model_name, model_version, pair
        ORDER BY model_name, model_version DESC, pair
    """
    calibration = f"""
        SELECT floor(probability_up * 20) / 20 AS said_from, count(*) AS judged,
            avg(probability_up) AS said, avg(went_up) AS came
        FROM ({_JUDGED}) AS judged GROUP BY floor(probability_up * 20) / 20 ORDER BY 1
    """
    return [
        row("Whether it was right"),
        lines(
            "Accuracy of the last 60 that moved",
            sql(rolling, series=True),
            unit="percentunit",
            min=0,
            max=1,
            limits=(_COIN,),
            says="Of each pair. Sixty are few: a coin is above 60 % or below 40 % one time in eleven.",
        ),
        table(
            "Accuracy by version",
            sql(by_version),
            says="Of predictions whose bar has come and moved. 0.5 is a coin; so is a Brier score of 0.25.",
            columns=[column("brier", decimals=4)],
        ),
        table(
            "Said and came",
            sql(calibration),
            width=24,
            says="Calibrated: `came` is about `said` where many were judged.",
            columns=[column("/^(said|came|said_from)$/", unit="percentunit", decimals=1)],
        ),
    ]


def _watched() -> list[Json]:
    chosen_windows = """
        model_name IN ($model) AND exchange IN ($exchange) AND pair IN ($pair) AND interval_s IN (${interval_s:csv})
        AND to_ms BETWEEN $__from AND $__to
    """
    served = "coalesce(role, 'champion') = 'champion'"
    rates = f"""
        SELECT to_timestamp(to_ms / 1000) AS time, hit_rate, expected_hit_rate, {which()}
        FROM model_quality WHERE judged > 0 AND {served} AND {chosen_windows} ORDER BY 1
    """
    surprise = f"""
        SELECT to_timestamp(to_ms / 1000) AS time, surprise, {which()}
        FROM model_quality WHERE surprise IS NOT NULL AND {served} AND {chosen_windows} ORDER BY 1
    """
    shift = f"""
        SELECT to_timestamp(to_ms / 1000) AS time, psi_excess, {which()}
        FROM model_quality WHERE psi_excess IS NOT NULL AND {served} AND {chosen_windows} ORDER BY 1
    """
    newest = f"""
        SELECT to_timestamp(to_ms / 1000) AS time, exchange, pair, interval_s, model_name, model_version, role,
            alarm, predictions, judged, unfamiliar_share, loss_to_coin, hit_rate, expected_hit_rate,
            calibration_error, surprise, psi_excess, psi_most, prediction_psi
        FROM model_quality WHERE {chosen_windows} ORDER BY to_ms DESC, pair LIMIT 100
    """
    alarms = {"loss": ("loss", "red"), "unfamiliar": ("unfamiliar", "orange")}
    return [
        row("Held against what came"),
        lines(
            "Hit rate, and what confidence promised",
            sql(rates, series=True),
            unit="percentunit",
            min=0,
            max=1,
            limits=(_COIN,),
            says="Of every 200 predictions on a pair. Far below the promise, confidence is worth nothing.",
        ),
        lines(
            "Surprise of losses",
            sql(surprise, series=True),
            unit="none",
            limits=(_DRIFTED,),
            says="Standard errors by which losses of two windows are above what was promised; 4 is an alarm.",
        ),
        lines(
            "Stability of what it sees",
            sql(shift, series=True),
            unit="none",
            limits=(_SHIFTED,),
            width=24,
            says="Greatest stability index (PSI) of an input over its limit; above 1 is an alert.",
        ),
        table(
            "Windows of predictions",
            sql(newest),
            says="The newest 100. loss_to_coin below 0 is better than a coin; an alarm is one of the runbook.",
            width=24,
            columns=[
                column("alarm", words=alarms),
                column(
                    "/^(unfamiliar_share|hit_rate|expected_hit_rate|calibration_error)$/",
                    unit="percentunit",
                    decimals=1,
                ),
                column("/^(loss_to_coin|surprise|psi_excess|prediction_psi)$/", decimals=4),
            ],
        ),
    ]
