"""Settings of the execution service."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from contracts.accounts_settings import AccountsSettings
from contracts.fees import TAKER_FEE_BPS
from contracts.instrument import Instrument
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from featurestore import StoreSettings
from streaming.settings import ServiceSettings


class ExecutionSettings(AccountsSettings, StoreSettings, ServiceSettings):
    """What paper costs, and how time and risk are judged; own fields are `EXECUTION_<FIELD>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="EXECUTION_")

    slippage_bps: Decimal = Field(Decimal(2), ge=0, lt=10_000, description="slippage against the open, basis points")
    fee_bps: Decimal = Field(TAKER_FEE_BPS, ge=0, lt=10_000, description="taker fee, basis points of the value")
    instruments: tuple[Instrument, ...] = Field(
        (),
        description="JSON list of what venues allow of pairs: exchange, pair, lot, minimum_quantity, minimum_cost; "
        "a pair that is not listed has 8 decimals and the venue's usual least cost",
    )
    day_timezone: str = Field("UTC", description="IANA zone whose midnight starts a trading day")
    risk_mark: Literal["low", "close"] = Field(
        "low", description="the minute's price at which loss limits are checked"
    )
    maximum_pending_bars: int = Field(
        100_000, ge=0, description="bars a pair may be ahead before a slower pair is no longer waited for"
    )

    @field_validator("day_timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("the IANA name of a time zone, such as Europe/Prague") from error
        return name

    @property
    def broker(self) -> PaperBroker:
        """The paper broker."""
        known = {(each.exchange, each.pair): each for each in self.instruments}
        return PaperBroker(self.slippage_bps, self.fee_bps, known)

    @property
    def policy(self) -> Policy:
        """Time and risk, as the core is told of them."""
        return Policy(self.day_timezone, self.risk_mark, self.maximum_pending_bars)
