"""What processes report now: the feed, the model, the accounts and what goes to the venue, by the wall clock."""

from __future__ import annotations

from board import dashboard
from choices import reported
from links import to
from live_accounts import accounts, beside_paper, gateway, owners
from parts import NO_YES, Json, figure, lines, prom, row

_PAIR = reported("pair", "Pair", "tradestream_trades_covered_to_seconds")
_ACCOUNT = reported("account", "Account", "tradestream_account_equity_quote")
_MODEL = reported("model", "Model", "tradestream_model_version")
#: As the alert ModelOld has it.
_OLD_SECONDS = 14 * 86_400


def live() -> Json:
    """Return the dashboard of what runs now."""
    return dashboard(
        "live",
        "live",
        "wall-clock",
        [*_feed(), *_history(), *_model(), *accounts(), *owners(), *gateway(), *beside_paper()],
        [_PAIR, _MODEL, _ACCOUNT],
        says="What processes report of themselves: feed, history, model, accounts and the orders at the venue.",
    )


def _feed() -> list[Json]:
    of = '{pair=~"$pair"}'
    known = f"max by (pair) (tradestream_trades_covered_to_seconds{of})"
    events = f"sum by (kind) (increase(tradestream_trades_feed_events_total{of}[5m]))"
    lost = f"sum by (pair) (increase(tradestream_trades_lost_total{of}[1h]))"
    unread = f"sum by (pair) (increase(tradestream_trades_bad_rows_total{of}[1h]))"
    outages = f"sum by (pair) (increase(tradestream_trades_outages_total{of}[1h]))"
    refused = f"sum(tradestream_trades_refused_pairs{of}) or vector(0)"
    waiting = "sum(tradestream_trades_waiting)"
    return [
        row("Feed"),
        figure(
            "Connected",
            prom("max(tradestream_trades_websocket_connected)", "feed"),
            unit="none",
            words=NO_YES,
            says="Whether the venue's WebSocket stands.",
        ),
        figure(
            "Reading",
            prom("1 - max(tradestream_trades_paused)", "trades"),
            unit="none",
            words=NO_YES,
            says="No: nothing is read, because the log does not take it (alert LogRefusesTrades).",
        ),
        figure(
            "Pairs that stream",
            prom("sum(tradestream_trades_pairs)", "pairs"),
            unit="short",
            says="Of all that are asked for, those whose trades come.",
        ),
        figure(
            "Pairs refused",
            prom(refused, "pairs"),
            unit="short",
            limits=(1,),
            says="Asked for, and the venue does not have them; the log of trades says why.",
        ),
        figure(
            "Time up to which a pair is complete",
            prom(f"{known} * 1000", "{{pair}}"),
            unit="dateTimeAsIso",
            width=24,
            says="Event time. Of a simulated market it is that market's own.",
        ),
        lines(
            "Trades written",
            prom(f"sum by (pair) (rate(tradestream_trades_written_total{of}[$__rate_interval]))", "{{pair}}"),
            unit="cps",
            says="Trades a second that trades has written to the log, by pair.",
        ),
        lines(
            "Feed events in 5 minutes",
            prom(events, "{{kind}}"),
            unit="short",
            says="Connections made and lost, gaps seen and repaired, trades that came twice or late, rate limits.",
        ),
        lines(
            "Trades that wait for the log",
            prom(waiting, "trades"),
            unit="short",
            width=8,
            says="Read and not yet written; above TRADES_BUFFER_TRADES reading stops.",
        ),
        lines(
            "Trades that could not be used, in an hour",
            [prom(lost, "{{pair}} ids began again"), prom(unread, "{{pair}} unreadable")],
            unit="short",
            width=8,
            says="Unreadable, or with ids that began again.",
        ),
        lines(
            "Outages in an hour",
            prom(outages, "{{pair}}"),
            unit="short",
            width=8,
            says="Times a pair's trades were unknown for so long that its candles say gap.",
        ),
    ]


def _history() -> list[Json]:
    of = '{pair=~"$pair"}'
    return [
        row("History, while it is written"),
        figure(
            "Done",
            prom(f"max by (pair) (tradestream_trades_history_done_percent{of})", "{{pair}}"),
            unit="percent",
            width=8,
            says="How much of each pair's history is written. Nothing where no history job runs.",
        ),
        figure(
            "Time left",
            prom(f"max by (pair) (tradestream_trades_history_left_seconds{of})", "{{pair}}"),
            unit="s",
            width=8,
            says="At the rate of the last minute.",
        ),
        figure(
            "Trades of history",
            prom(f"sum by (pair) (tradestream_trades_history_trades{of})", "{{pair}}"),
            unit="short",
            width=8,
            says="Written by the job that runs.",
        ),
    ]


def _model() -> list[Json]:
    of = '{model=~"$model"}'
    age = f"""
        max(tradestream_last_event_timestamp_seconds{{topic="technical_indicators"}})
        - on () group_right () max by (model) (tradestream_model_trained_to_timestamp_seconds{of})
    """
    on_pair = '{model=~"$model", pair=~"$pair"}'
    rates = ("hit", "expected_hit", "calibration_error", "unfamiliar")
    spoken = f"sum by (model, reason) (rate(tradestream_predictions_total{of}[$__rate_interval]))"
    return [
        row("Model"),
        figure(
            "Version that is served",
            prom(f"max by (model) (tradestream_model_version{of})", "{{model}}"),
            prom(f"max by (model) (tradestream_model_challenger_version{of}) > 0", "{{model}} in shadow"),
            unit="none",
            decimals=0,
            says="As the process reports it; changes are marked on the time axis. In shadow: what challenges it.",
            links=[to("predictions", "What it says", model="${__field.labels.model}")],
        ),
        figure(
            "Age of its training data",
            prom(age, "{{model}}"),
            unit="s",
            limits=(_OLD_SECONDS,),
            says="In event time; 14 days are an alert.",
        ),
        lines(
            "Predictions by reason",
            prom(spoken, "{{model}} {{reason}}"),
            unit="cps",
            height=6,
            says="Published a second: ok, or why the model could not speak.",
        ),
        lines(
            "Its last 200 predictions on each pair",
            [
                prom(f"tradestream_model_{name}_ratio{on_pair}", f"{{{{model}}}} {{{{pair}}}} {name}")
                for name in rates
            ],
            unit="percentunit",
            says="Right, what confidence promised, how far apart these are, and what was unlike its training data.",
        ),
        lines(
            "Log loss less a coin's",
            prom(f"tradestream_model_loss_to_coin{on_pair}", "{{model}} {{pair}}"),
            unit="none",
            decimals=4,
            limits=(0,),
            says="Of the same predictions; below 0 is better than a coin.",
        ),
    ]
