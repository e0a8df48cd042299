"""Settings of the trades service, from `TRADES_*`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.counted import counted
from contracts.units import Pair
from exchanges.recorded import Steps
from exchanges.venues import VENUES
from streaming.settings import ServiceSettings

RECORDED = "recorded"


class TradesSettings(ServiceSettings):
    """Where trades come from and how far.

    `historical` writes the past and ends; `live` goes on from where it ended. `recorded` reads files instead of a
    venue; there `file_until_ms` ends the historical part and `file_from_ms` begins the live one.
    """

    model_config = SettingsConfigDict(env_prefix="TRADES_")

    exchange: str = Field("kraken", description="where trades come from")
    exchange_label: str | None = Field(
        None, min_length=1, description="name of the exchange in messages; by default its own"
    )
    variant: Literal["historical", "live"] = Field(
        "live", description="historical: the past, then end; live: from now on"
    )
    pairs: tuple[Pair, ...] = Field(
        ("BTC/USD", "ETH/USD", "SOL/USD"), description="pairs, written BASE/QUOTE; [] for subscribed pairs only"
    )
    subscriptions_seconds: float = Field(
        1.0, gt=0, le=60, description="seconds between checks of symbol-subscriptions"
    )
    history_days: float = Field(1.0, gt=0, le=3_650, description="days of history, starting at a full hour")
    history_from_ms: int | None = Field(None, ge=0, description="start of history, instead of TRADES_HISTORY_DAYS")
    rest_url: str | None = Field(None, pattern=r"^https?://", description="REST address; by default the venue's")
    websocket_url: str | None = Field(
        None, pattern=r"^wss?://", description="WebSocket address; by default the venue's"
    )
    requests_per_second: float | None = Field(
        None, gt=0, le=1_000, description="REST calls per second; by default what the venue allows"
    )
    ping_interval_seconds: float = Field(
        1.0, gt=0, le=30, description="seconds between pings; each pong lets quiet pairs advance"
    )
    silence_seconds: float = Field(
        5.0, gt=0, description="seconds without any message after which the connection counts as dead"
    )
    outage_seconds: float = Field(
        60.0, ge=0, description="seconds without news after which a pair's trades are reported as unknown; 0 = never"
    )
    buffer_trades: int = Field(
        50_000, ge=100, description="trades that may wait for the log before reading is paused"
    )
    heartbeat_margin_ms: int = Field(
        200, ge=0, description="milliseconds that heartbeats stay behind the venue's clock"
    )
    repair_attempts: int = Field(
        5, ge=1, le=100, description="REST pages without progress after which a gap is given up"
    )
    give_up_seconds: float = Field(300.0, gt=0, description="seconds that a REST call is retried")
    stop_at_ms: int | None = Field(None, ge=0, description="venue time at which live ends")
    file: tuple[Path, ...] = Field((), description="recorded files, in order")
    file_pair: tuple[Pair, ...] = Field((), description="their pairs, if the files do not say")
    file_exchange: tuple[str, ...] = Field((), description="their exchanges, if the files do not say")
    file_steps: str | None = Field(
        None, description="PRICE,QUANTITY: round to these steps, for files whose floats carry noise"
    )
    file_from_ms: int | None = Field(None, ge=0, description="write only trades from here")
    file_until_ms: int | None = Field(None, ge=0, description="write only trades before here")

    @field_validator("file_steps")
    @classmethod
    def _are_steps(cls, steps: str | None) -> str | None:
        if steps is not None:
            Steps.parse(steps)
        return steps

    @field_validator("exchange")
    @classmethod
    def _is_listed(cls, exchange: str) -> str:
        names = (*sorted(VENUES), RECORDED)
        if exchange not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return exchange

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.exchange == RECORDED and not self.file:
            raise ValueError("TRADES_FILE with at least one file when TRADES_EXCHANGE is recorded, was none")
        if self.exchange != RECORDED and self.variant == "historical" and not self.pairs:
            raise ValueError("TRADES_PAIRS with at least one pair when TRADES_VARIANT is historical, was none")
        for name, given in (("TRADES_FILE_PAIR", self.file_pair), ("TRADES_FILE_EXCHANGE", self.file_exchange)):
            if given and len(given) != len(self.file):
                raise ValueError(
                    f"{name} with one entry for each of {counted(len(self.file), 'file')}, was {len(given)}"
                )
        doubled = sorted({pair for pair in self.pairs if self.pairs.count(pair) > 1})
        if doubled:
            raise ValueError(f"each of TRADES_PAIRS once, was {', '.join(doubled)} more than once")
        return self

    @property
    def label(self) -> str:
        """Return the exchange that messages name."""
        return self.exchange_label or self.exchange
