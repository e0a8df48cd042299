"""Daily loss, as prop firms word it: equity against the balance at midnight, percent of the initial balance.

Broken when equity falls below ``day start balance - max_daily_loss_pct of the initial balance``. The basis is the
balance at midnight and not the equity, so that a loss floating over midnight counts against the new day; other firms
take equity, or the higher of both (`daily_loss_basis`).
What a breach stops is the account's to say (`daily_loss_on_breach`): trading until midnight (``day``), as a person
wants of a limit of his own, or for good (``end``), as a firm that closes the account has it.
Who would rather not come to the limit stops short of it (`daily_loss_act_at_pct`), for the rest of the day.
Source: FTMO, "Maximum Daily Loss".
"""

from __future__ import annotations

from execution.core.rules.rule import Limit, LossRule, Option

RULE = LossRule(
    code="DAILY_LOSS",
    state="DAILY_LOSS",
    is_final=False,
    limit=Limit("max_daily_loss_pct", 5, "limit on the loss since midnight"),
    loss=lambda health: health.day_start_balance - health.equity,
    equity_at=lambda health, lost: health.day_start_balance - lost,
    option=Option(
        "daily_loss_basis",
        'Literal["balance", "equity", "higher"]',
        '"balance"',
        "of a day's beginning, what its loss is counted from",
    ),
    act_at=Option(
        "daily_loss_act_at_pct",
        "Decimal | None",
        "None",
        "percent of the daily limit at which all is sold, until the next day",
        "ge=50, lt=100",
    ),
    on_breach=Option(
        "daily_loss_on_breach",
        'Literal["day", "end"]',
        '"day"',
        "what a breach of the daily limit stops: the rest of the day, or the account for good",
    ),
)
