"""Prometheus metrics of the accounts, told from what execution publishes, and of accounts at a venue beside paper."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext

from loguru import logger
from prometheus_client import Counter, Gauge

from contracts.account import Account
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.owner import Owner
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.signal import strategy_in
from contracts.units import EXACT
from execution.core.beside_paper import Beside, Found, Paper, Slipped, listen
from execution.core.owners.book import OwnersBook
from execution.core.owners.books import limits_used
from execution.core.rules import LOSS_RULES
from execution.core.rules.rule import AccountHealth

EQUITY = Gauge("tradestream_account_equity_quote", "Balance and unrealised profit, quote currency", ["account"])
EXPOSURE = Gauge("tradestream_account_exposure_quote", "Marked value of what is held, quote currency", ["account"])
DRAWDOWN = Gauge("tradestream_account_drawdown_ratio", "Share that equity is below its highest", ["account"])
LIMIT_USED = Gauge(
    "tradestream_account_limit_used_ratio", "Share of a loss limit that is lost, at closes", ["account", "rule"]
)
ACTIVE = Gauge("tradestream_account_active", "1 while the account may open positions", ["account"])
OWNER_EQUITY = Gauge("tradestream_owner_equity_quote", "Of all accounts of an owner, quote currency", ["owner"])
OWNER_EXPOSURE = Gauge("tradestream_owner_exposure_quote", "Marked value of what all accounts hold", ["owner"])
OWNER_DRAWDOWN = Gauge(
    "tradestream_owner_drawdown_ratio", "Share that the sum of equity is below its highest", ["owner"]
)
OWNER_LIMIT_USED = Gauge(
    "tradestream_owner_limit_used_ratio",
    "Share of a limit over all accounts that is used, at closes",
    ["owner", "rule"],
)
ORDERS = Counter("tradestream_orders_total", "Changes of orders published", ["account", "status"])
FILLS = Counter("tradestream_fills_total", "Executions published", ["account", "strategy"])
RISK_ALERTS = Counter("tradestream_risk_alerts_total", "Risk alerts published", ["account", "rule", "severity"])
VENUE_ORDERS = Counter(
    "tradestream_account_venue_orders_total",
    "Orders at a venue that ended, by whether paper would have filled all, a part or nothing of them too",
    ["account", "outcome"],
)
VENUE_SLIPPAGE = Gauge(
    "tradestream_account_venue_slippage_bps",
    "How much worse than on paper the last fills at a venue were, mean, basis points",
    ["account"],
)
VENUE_OTHER = Gauge(
    "tradestream_account_venue_other_ratio",
    "Share of the last orders at a venue that ended other than on paper",
    ["account"],
)
#: Of so many fills and orders a figure is made, and of fewer than so many none: one alone says little.
LAST, FEWEST = 100, 20


class VenueFigures:
    """What is told of an account's last fills and orders at a venue; a process begins anew.

    Parameters
    ----------
    account
        At a venue.
    paper
        What it is compared with.
    """

    def __init__(self, account: Account, paper: Paper) -> None:
        self._account, self._paper = account, paper
        self._beside = Beside()
        self._failed = False
        self._last: defaultdict[Gauge, deque[float]] = defaultdict(lambda: deque(maxlen=LAST))

    def listen(self, event: Message, told: Iterable[Message]) -> None:
        """Take what the account heard and what followed. Whatever goes wrong here, its orders go on."""
        try:
            found = listen(self._beside, event, told, self._paper)
        except Exception as error:  # noqa: BLE001 - it only listens
            self._beside = Beside()
            if not self._failed:
                logger.warning("{} is not held beside paper: {!r}", self._account.name, error)
            self._failed = True
            return
        self.tell(found)

    def tell(self, found: Iterable[Found]) -> None:
        """Take note of what was found of the account beside paper."""
        for each in found:
            if isinstance(each, Slipped):
                self._add(VENUE_SLIPPAGE, each.bps)
            else:
                outcome = "same" if each.same else "other"
                VENUE_ORDERS.labels(account=self._account.name, outcome=outcome).inc()
                self._add(VENUE_OTHER, float(not each.same))

    def _add(self, gauge: Gauge, value: float) -> None:
        last = self._last[gauge]
        last.append(value)
        if len(last) >= FEWEST:
            gauge.labels(account=self._account.name).set(sum(last) / len(last))


def tell(message: Message, account: Account) -> None:
    """Take note of a message of `account` that is about to be published."""
    if isinstance(message, Pnl):
        _tell_books(message, account)
    elif isinstance(message, Order):
        ORDERS.labels(account=account.name, status=message.status).inc()
    elif isinstance(message, Fill):
        FILLS.labels(account=account.name, strategy=strategy_in(message.signal_id) or "").inc()
    elif isinstance(message, RiskAlert):
        RISK_ALERTS.labels(account=account.name, rule=message.rule, severity=message.severity).inc()


def tell_owner(owner: Owner, book: OwnersBook, books: Mapping[str, Pnl]) -> None:
    """Take note of what all accounts of an owner are worth, once each of them has said so."""
    if len(books) < len(owner.accounts):
        return
    with localcontext(EXACT):
        equity = sum((Decimal(each.equity) for each in books.values()), Decimal(0))
        exposure = sum((Decimal(each.exposure_quote) for each in books.values()), Decimal(0))
        limits = limits_used(owner, book, equity, exposure)
    OWNER_EQUITY.labels(owner=owner.name).set(float(equity))
    OWNER_EXPOSURE.labels(owner=owner.name).set(float(exposure))
    OWNER_DRAWDOWN.labels(owner=owner.name).set(max(0.0, 1 - float(equity) / float(book.highest_equity)))
    for each in limits:
        OWNER_LIMIT_USED.labels(owner=owner.name, rule=each.rule).set(each.share)


def _tell_books(books: Pnl, account: Account) -> None:
    name, equity, drawdown = account.name, Decimal(books.equity), Decimal(books.drawdown_quote)
    # Of the account as it began; its setting may have changed since.
    health = AccountHealth(
        account, books.initial, equity + Decimal(books.daily_loss_quote), equity, equity + drawdown
    )
    EQUITY.labels(account=name).set(float(equity))
    EXPOSURE.labels(account=name).set(float(books.exposure_quote))
    DRAWDOWN.labels(account=name).set(float(drawdown / (equity + drawdown)))
    ACTIVE.labels(account=name).set(books.trading_state == "ACTIVE")
    for rule in LOSS_RULES:
        if rule.is_final and account.total_loss_mode == "end_of_day":
            continue  # the highest beginning of a day is not on this message
        LIMIT_USED.labels(account=name, rule=rule.code).set(rule.used_share(health))
