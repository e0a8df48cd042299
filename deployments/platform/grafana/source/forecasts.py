"""What the model says, how sure it is, and how often it was right."""

from __future__ import annotations

from market import chosen
from parts import EXCHANGE, INTERVAL, PAIR, Json, bars, dashboard, figure, lines, prom, sql, table

#: Each prediction whose bar has come and moved: what the model said, and whether the close was higher.
_JUDGED = f"""
    SELECT p.window_start_ms, p.model_name, p.model_version, p.probability_up, p.confidence,
        CASE WHEN c.close > p.mark_close THEN 1.0 ELSE 0.0 END AS went_up,
        CASE WHEN (c.close > p.mark_close) = (p.direction = 1) THEN 1.0 ELSE 0.0 END AS was_right
    FROM predictions AS p
    JOIN candles AS c ON c.exchange = p.exchange AND c.pair = p.pair AND c.interval_s = p.interval_s
        AND c.window_start_ms = p.window_start_ms + p.horizon_bars * p.interval_s * 1000
    WHERE p.reason = 'ok' AND p.direction <> 0 AND c.close <> p.mark_close AND {chosen("p.")}
"""


def predictions() -> Json:
    """Return the dashboard of predictions and the model."""
    return dashboard("predictions", "predictions", [*_model(), *_said(), *_right()], [EXCHANGE, PAIR, INTERVAL])


def _model() -> list[Json]:
    versions = """
        SELECT model_name, model_version, feature_set, horizon_bars, count(*) AS predictions,
            to_timestamp(min(window_start_ms) / 1000) AS first, to_timestamp(max(window_start_ms) / 1000) AS last
        FROM predictions WHERE window_start_ms BETWEEN $__from AND $__to
        GROUP BY model_name, model_version, feature_set, horizon_bars ORDER BY last DESC
    """
    age = """
        max(tradestream_last_event_timestamp_seconds{topic="technical_indicators"})
        - on () group_right () max by (model) (tradestream_model_trained_to_timestamp_seconds)
    """
    spoken = "sum by (reason) (rate(tradestream_predictions_total[1m]))"
    return [
        figure(
            "Version that is served", prom("max by (model) (tradestream_model_version)", "{{model}}"), unit="none"
        ),
        figure(
            "Age of its training data",
            prom(" ".join(age.split()), "{{model}}"),
            unit="s",
            limits=(14 * 86_400,),
            says="In event time; 14 days are an alert.",
        ),
        lines("Predictions by reason", prom(spoken, "{{reason}}"), unit="cps", height=4),
        table("Versions in use", sql(versions), width=24, height=6),
    ]


def _said() -> list[Json]:
    probability = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, probability_up, confidence
        FROM predictions WHERE {chosen()} ORDER BY 1
    """
    confidence = f"""
        SELECT floor(confidence * 50) / 50 AS confidence_from, count(*) AS predictions
        FROM predictions WHERE reason = 'ok' AND {chosen()} GROUP BY floor(confidence * 50) / 50 ORDER BY 1
    """
    return [
        lines("Probability of a higher close, and confidence", sql(probability), unit="percentunit", min=0, max=1),
        bars("Confidence", sql(confidence), "confidence_from", unit="short"),
    ]


def _right() -> list[Json]:
    rolling = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time,
            avg(was_right) OVER (ORDER BY window_start_ms ROWS BETWEEN 59 PRECEDING AND CURRENT ROW) AS last_60
        FROM ({_JUDGED}) AS judged ORDER BY 1
    """
    by_version = f"""
        SELECT model_name, model_version, count(*) AS judged, avg(was_right) AS accuracy, avg(went_up) AS up_share,
            avg(confidence) AS mean_confidence,
            avg((probability_up - went_up) * (probability_up - went_up)) AS brier
        FROM ({_JUDGED}) AS judged GROUP BY model_name, model_version ORDER BY model_name, model_version
    """
    calibration = f"""
        SELECT floor(probability_up * 20) / 20 AS probability_from, count(*) AS judged,
            avg(probability_up) AS said, avg(went_up) AS came
        FROM ({_JUDGED}) AS judged GROUP BY floor(probability_up * 20) / 20 ORDER BY 1
    """
    return [
        lines("Accuracy of the last 60 that moved", sql(rolling), unit="percentunit", min=0, max=1),
        table(
            "Accuracy by version",
            sql(by_version),
            says="Of predictions whose bar has come and moved. 0.5 is a coin; so is a Brier score of 0.25.",
        ),
        table(
            "Said and came",
            sql(calibration),
            width=24,
            says="Calibrated: `came` is about `said` where many were judged.",
        ),
    ]
