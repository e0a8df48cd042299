"""Settings of the execution service."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.fees import MAKER_FEE_BPS, TAKER_FEE_BPS
from contracts.instrument import Instrument
from contracts.nearest import did_you_mean
from exchanges.paper import PaperBroker
from exchanges.venue_broker import VenueBroker
from exchanges.venues import VENUES
from execution.core.policy import Policy
from featurestore import StoreSettings
from streaming.settings import ServiceSettings

#: By what an account says.
BROKERS: Mapping[str, type[PaperBroker]] = {"paper": PaperBroker, "venue": VenueBroker}


class ExecutionSettings(AccountsSettings, StoreSettings, ServiceSettings):
    """What paper costs, and how time and risk are judged; own fields are `EXECUTION_<FIELD>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="EXECUTION_")

    slippage_bps: Decimal = Field(Decimal(2), ge=0, lt=10_000, description="slippage against the open, basis points")
    fee_bps: Decimal = Field(TAKER_FEE_BPS, ge=0, lt=10_000, description="taker fee, basis points of the value")
    maker_fee_bps: Decimal = Field(
        MAKER_FEE_BPS, gt=-10_000, lt=10_000, description="fee of a limit that rested, basis points of the value"
    )
    latency_bars: int = Field(0, ge=0, description="bars an order takes to reach the venue")
    maximum_volume_pct: Decimal = Field(
        Decimal(10), gt=0, le=100, description="percent of a bar's volume that an order is filled with at most"
    )
    instruments: tuple[Instrument, ...] = Field(
        (),
        description="JSON list of what venues allow of pairs: exchange, pair, tick, lot, minimum_quantity, "
        "minimum_cost, taker_bps, maker_bps; "
        "a pair that is not listed has 8 decimals and the venue's usual least cost",
    )
    trades_exchange_label: str | None = Field(
        None, validation_alias="TRADES_EXCHANGE_LABEL", min_length=1, description="the exchange's name in messages"
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

    @field_validator("instruments")
    @classmethod
    def _one_of_each(cls, instruments: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
        places = [f"{each.exchange} {each.pair}" for each in instruments]
        if twice := [place for place in places if places.count(place) > 1]:
            raise ValueError(f"each exchange and pair once, not {twice[0]} twice")
        return instruments

    @model_validator(mode="after")
    def _venues_of_instruments_are_there(self) -> ExecutionSettings:
        known = sorted({*VENUES, *([self.trades_exchange_label] if self.trades_exchange_label else [])})
        for each in self.instruments:
            if each.exchange not in known:
                meant = did_you_mean(each.exchange, known)
                raise ValueError(
                    f"instruments of {', '.join(known)}, or of TRADES_EXCHANGE_LABEL{meant}, not of {each.exchange}"
                )
        return self

    @property
    def broker(self) -> PaperBroker:
        """The paper broker."""
        return self._made(PaperBroker)

    def broker_of(self, account: Account) -> PaperBroker:
        """Return what executes the orders of `account`, as its `broker` says.

        Returns
        -------
        PaperBroker
            Of a venue, one that only expects what they will cost.
        """
        return self._made(BROKERS[account.broker])

    def _made(self, kind: type[PaperBroker]) -> PaperBroker:
        known = {(each.exchange, each.pair): each for each in self.instruments}
        return kind(
            self.slippage_bps,
            self.fee_bps,
            known,
            self.maker_fee_bps,
            self.latency_bars,
            self.maximum_volume_pct,
        )

    @property
    def policy(self) -> Policy:
        """Time and risk, as the core is told of them."""
        return Policy(self.day_timezone, self.risk_mark, self.maximum_pending_bars)
