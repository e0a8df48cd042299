"""Accounts and the orders at the venue, as execution and the gateway report them: panels of the dashboard `live`."""

from __future__ import annotations

from links import AT_POINT, to
from parts import NO_YES, Json, figure, lines, panel, prom, row

#: As the alert OrderUnresolved has it, and what an order's sending may take before somebody should look.
_UNRESOLVED, _SEND_SECONDS = 1, (1.0, 5.0)
#: As the alerts VenueSlippage and VenueOutcomes have them.
_SLIPPAGE_BPS, _OTHER_SHARE = 20, 0.05


def accounts() -> list[Json]:
    """Return what accounts may do and how they stand."""
    of = '{account=~"$account"}'
    used = f"max by (account, rule) (tradestream_account_limit_used_ratio{of})"
    changes = f"sum by (status) (increase(tradestream_orders_total{of}[5m]))"
    fills = f"sum by (account, strategy) (increase(tradestream_fills_total{of}[1h]))"
    alerts = f"sum by (account, rule) (increase(tradestream_risk_alerts_total{of}[1h]))"
    there = [to("trading", "This account", account="${__field.labels.account}")]
    gauge = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    }
    return [
        row("Accounts"),
        figure(
            "May open positions",
            prom(f"max by (account) (tradestream_account_active{of})", "{{account}}"),
            unit="none",
            words=NO_YES,
            width=8,
            height=6,
            links=there,
            says="No: a loss limit is broken, or an operator has said so (alert AccountStopped).",
        ),
        panel(
            "Loss limits used",
            "gauge",
            prom(used, "{{account}} {{rule}}"),
            width=16,
            height=6,
            unit="percentunit",
            options=gauge,
            says="At closes; execution itself judges at the minute's low. 80 % is an alert.",
            min=0,
            max=1,
            limits=(0.8, 1),
            links=there,
        ),
        lines(
            "Equity",
            prom(f"max by (account) (tradestream_account_equity_quote{of})", "{{account}}"),
            unit="none",
            width=8,
            links=there,
            says="Balance and unrealised profit, quote currency.",
        ),
        lines(
            "Below its highest",
            prom(f"max by (account) (tradestream_account_drawdown_ratio{of})", "{{account}}"),
            unit="percentunit",
            width=8,
            limits=(0.05,),
            links=there,
            says="Share of the highest equity that is lost; 5 % is an alert.",
        ),
        lines(
            "Exposure",
            prom(f"max by (account) (tradestream_account_exposure_quote{of})", "{{account}}"),
            unit="none",
            width=8,
            links=there,
            says="Marked value of what is held, quote currency.",
        ),
        lines(
            "Changes of orders in 5 minutes",
            prom(changes, "{{status}}"),
            unit="short",
            says="Steps of orders that execution has published, by what became of them.",
        ),
        lines(
            "Fills in an hour",
            prom(fills, "{{account}} {{strategy}}"),
            unit="short",
            says="By account and the strategy whose signal they go back to; without one those of a candle's mark.",
        ),
        lines(
            "Risk alerts in an hour",
            prom(alerts, "{{account}} {{rule}}"),
            unit="short",
            says="By account and rule; OPERATOR is a command.",
        ),
    ]


def owners() -> list[Json]:
    """Return how all accounts of each owner stand together."""
    used = "max by (owner, rule) (tradestream_owner_limit_used_ratio)"
    return [
        row("Owners"),
        lines(
            "Equity of all accounts",
            prom("max by (owner) (tradestream_owner_equity_quote)", "{{owner}}"),
            unit="none",
            width=6,
            says="Sum over an owner's accounts, quote currency; nothing where no account has an owner.",
        ),
        lines(
            "Sum below its highest",
            prom("max by (owner) (tradestream_owner_drawdown_ratio)", "{{owner}}"),
            unit="percentunit",
            width=6,
            says="Share of the highest equity of all accounts together that is lost.",
        ),
        lines(
            "Exposure of all accounts",
            prom("max by (owner) (tradestream_owner_exposure_quote)", "{{owner}}"),
            unit="none",
            width=6,
            says="Marked value of what all accounts of an owner hold, quote currency.",
        ),
        lines(
            "Limits of owners used",
            prom(used, "{{owner}} {{rule}}"),
            unit="percentunit",
            width=6,
            limits=(0.8, 1),
            says="Share of each limit over all accounts that is used, at closes; 80 % is an alert (OwnerLimitUsed).",
        ),
    ]


def beside_paper() -> list[Json]:
    """Return how far accounts at a venue are from paper."""
    of = '{account=~"$account"}'
    ended = f"sum by (account, outcome) (increase(tradestream_account_venue_orders_total{of}[1h]))"
    there = [to("trading", "This account", account="${__field.labels.account}")]
    return [
        row("Fills at the venue beside paper"),
        lines(
            "Worse than on paper",
            prom(f"max by (account) (tradestream_account_venue_slippage_bps{of})", "{{account}}"),
            unit="none",
            width=8,
            limits=(_SLIPPAGE_BPS,),
            links=there,
            says="Mean of an account's last 100 fills against what paper takes in the same candle, basis points; "
            "better where negative. Nothing before 20.",
        ),
        lines(
            "Orders that ended otherwise",
            prom(f"max by (account) (tradestream_account_venue_other_ratio{of})", "{{account}}"),
            unit="percentunit",
            width=8,
            limits=(_OTHER_SHARE,),
            links=there,
            says="Of the last 100 those that the venue filled in full, in part or not at all, and paper otherwise.",
        ),
        lines(
            "Orders that ended in an hour",
            prom(ended, "{{account}} {{outcome}}"),
            unit="short",
            width=8,
            links=there,
            says="At the venue and on paper: the same, or other.",
        ),
    ]


def gateway() -> list[Json]:
    """Return what goes to the venue and what it answers."""
    answers = "sum by (answer) (increase(tradestream_gateway_answers_total[5m]))"
    failures = "sum by (call, answer) (increase(tradestream_gateway_call_failures_total[5m]))"
    surveys = "sum by (outcome) (increase(tradestream_gateway_surveys_total[5m]))"
    told = "sum by (le) (rate(tradestream_gateway_fill_seconds_bucket[$__rate_interval]))"
    took = "sum by (le) (rate(tradestream_gateway_send_seconds_bucket[$__rate_interval]))"
    unknown = 'max(tradestream_gateway_pending_orders{phase="UNKNOWN"})'
    logs = [to("system", "Its logs", span=AT_POINT, app="gateway")]
    return [
        row("Orders at the venue"),
        figure(
            "Orders are sent",
            prom("max(tradestream_gateway_sending)", "gateway"),
            unit="none",
            words=NO_YES,
            width=8,
            says="No: the venue is away or disagrees (alert OrdersNotSent). Empty where all accounts are on paper.",
            links=logs,
        ),
        figure(
            "Unresolved",
            prom(unknown, "orders"),
            unit="short",
            width=8,
            limits=(_UNRESOLVED,),
            says="Orders of which nobody knows whether the venue took them (alert OrderUnresolved after 5 minutes).",
            links=logs,
        ),
        figure(
            "Pairs that do not agree",
            prom("max(tradestream_gateway_troubles)", "pairs"),
            unit="short",
            width=8,
            limits=(1,),
            says="Balances or open orders at the venue are not as we have them; the gateway's /health says which.",
            links=logs,
        ),
        lines(
            "Orders sent in 5 minutes",
            prom(answers, "{{answer}}"),
            unit="short",
            width=8,
            says="By what the venue answered: taken, refused, or none, which is asked for until it is known.",
            links=logs,
        ),
        lines(
            "Time of a send",
            [prom(f"histogram_quantile(0.5, {took})", "median"), prom(f"histogram_quantile(0.99, {took})", "99 %")],
            unit="s",
            width=8,
            limits=_SEND_SECONDS,
            says="From sending an order to the venue's answer, or to giving up.",
            links=logs,
        ),
        lines(
            "Time of a fill's report",
            [prom(f"histogram_quantile(0.5, {told})", "median"), prom(f"histogram_quantile(0.99, {told})", "99 %")],
            unit="s",
            width=8,
            says="From an execution at the venue to its report: long where it had to be asked for.",
            links=logs,
        ),
        figure(
            "Fills are told",
            prom("max(tradestream_gateway_listening)", "gateway"),
            unit="none",
            words=NO_YES,
            width=8,
            says="No: the venue's WebSocket is away or switched off, and fills are asked for.",
            links=logs,
        ),
        lines(
            "Orders that are or may be at the venue",
            prom("max by (phase) (tradestream_gateway_pending_orders)", "{{phase}}"),
            unit="short",
            width=8,
            says="WAITING to be sent, UNKNOWN, OPEN.",
            links=logs,
        ),
        lines(
            "Comparisons with the venue in 5 minutes",
            prom(surveys, "{{outcome}}"),
            unit="short",
            says="Orders, executions and balances against ours. failed: nothing is sent until one succeeds.",
            links=logs,
        ),
        lines(
            "Calls that failed in 5 minutes",
            prom(failures, "{{call}} {{answer}}"),
            unit="short",
            says="The venue refused, or did not answer: send, cancel, survey.",
            links=logs,
        ),
    ]
