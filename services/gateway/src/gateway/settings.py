"""Settings of the gateway, from `GATEWAY_*`."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.units import MS_PER_SECOND
from exchanges.private.venues import PRIVATE_VENUES
from gateway.core.policy import LONGEST_DEADLINE_MS, ForeignPolicy, Policy
from streaming.settings import ServiceSettings

OFF = "off"
#: A round of questions without answers, twice, must not pass for silence.
_CALLS_BEFORE_SWITCH = 12
#: Where the stream tells of orders and no executions, so soon after it told they are asked for.
_GRACE_WITHOUT_FILLS_MS = 100
_LONGEST_DEADLINE_SECONDS = LONGEST_DEADLINE_MS / MS_PER_SECOND


class GatewaySettings(AccountsSettings, ServiceSettings):
    """Which venue orders are sent to, with which key, and how long is waited for what.

    The key belongs to all accounts with `"broker": "venue"`; it needs the rights to query funds, orders and trades
    and to create and cancel orders, and none to withdraw.
    """

    # An error of pydantic's would show what came, which may be a key.
    model_config = SettingsConfigDict(env_prefix="GATEWAY_", hide_input_in_errors=True)

    exchange: str = Field("kraken", description="where orders are sent to")
    trades_exchange_label: str | None = Field(
        None, validation_alias="TRADES_EXCHANGE_LABEL", min_length=1, description="the exchange's name in messages"
    )
    api_key: SecretStr | None = Field(None, description="the venue's key, as it gave it")
    api_secret: SecretStr | None = Field(None, description="its private half, which signs; Coinbase's is a PEM text")
    rest_url: str | None = Field(None, pattern=r"^https?://", description="REST address; by default the venue's")
    websocket_url: str | None = Field(
        None,
        pattern=rf"^(wss?://.+|{OFF})$",
        description="WebSocket address of the stream of executions, or off: they are only asked for; "
        "by default the venue's, and off where the REST address is another",
    )
    timeout_seconds: float = Field(5.0, gt=0, le=60, description="seconds after which a call counts as not answered")
    deadline_seconds: float = Field(
        5.0,
        ge=3,
        le=_LONGEST_DEADLINE_SECONDS,
        description="seconds after which the venue itself refuses an order that it has not taken",
    )
    settle_seconds: float = Field(
        5.0, ge=0, le=600, description="seconds that a taken order may be missing from what the venue lists"
    )
    oldest_decision_seconds: float = Field(
        120.0, gt=0, le=600, description="age from which on a decision is no longer sent: the market has moved on"
    )
    ask_seconds: float = Field(
        10.0,
        ge=0.001,
        le=600,
        description="seconds between questions while the end of an order is not known and the stream does not tell",
    )
    reconcile_seconds: float = Field(
        60.0,
        ge=0.001,
        le=3_600,
        description="seconds between comparisons with the venue while nothing goes on, or the stream tells of it",
    )
    cancel_all_after_seconds: int = Field(
        0,
        ge=0,
        le=3_600,
        description="the venue's dead man's switch: so long after the gateway has fallen silent it cancels all open "
        "orders, stops too; at least 12 times the timeout, or 0: never",
    )
    foreign_orders: ForeignPolicy = Field(
        "refuse",
        description="open orders that are none of ours: said, or also what they may sell is not counted as ours, or "
        "nothing is traded until they are gone",
    )

    @field_validator("exchange")
    @classmethod
    def _takes_orders(cls, exchange: str) -> str:
        if exchange not in PRIVATE_VENUES:
            raise ValueError(f"one of {', '.join(sorted(PRIVATE_VENUES))}: orders go to no other venue")
        return exchange

    @model_validator(mode="after")
    def _has_a_key(self) -> GatewaySettings:
        if self.venue_accounts and (self.api_key is None or self.api_secret is None):
            raise ValueError("GATEWAY_API_KEY and GATEWAY_API_SECRET for accounts at a venue, was none")
        return self

    @model_validator(mode="after")
    def _switch_outlives_calls(self) -> GatewaySettings:
        least = _CALLS_BEFORE_SWITCH * self.timeout_seconds
        if 0 < self.cancel_all_after_seconds < least:
            raise ValueError(
                f"GATEWAY_CANCEL_ALL_AFTER_SECONDS of 0 or at least {least:g}, {_CALLS_BEFORE_SWITCH} times "
                f"GATEWAY_TIMEOUT_SECONDS, was {self.cancel_all_after_seconds}"
            )
        return self

    @model_validator(mode="after")
    def _has_a_switch(self) -> GatewaySettings:
        if self.cancel_all_after_seconds and not PRIVATE_VENUES[self.exchange].has_switch:
            raise ValueError(
                f"GATEWAY_CANCEL_ALL_AFTER_SECONDS of 0, as {self.exchange} has no dead man's switch, "
                f"was {self.cancel_all_after_seconds}"
            )
        return self

    @property
    def venue_accounts(self) -> tuple[Account, ...]:
        """The accounts whose orders go to the venue."""
        return tuple(each for each in self.configured_accounts if each.broker == "venue")

    @property
    def label(self) -> str:
        """The exchange that messages name."""
        return self.trades_exchange_label or self.exchange

    @property
    def stream_url(self) -> str | None:
        """Where executions are told; None if nobody listens."""
        if self.websocket_url is None:
            return PRIVATE_VENUES[self.exchange].stream_url if self.rest_url is None else None
        return None if self.websocket_url == OFF else self.websocket_url

    @property
    def policy(self) -> Policy:
        """What the core is told."""
        tells_fills = PRIVATE_VENUES[self.exchange].tells_fills
        return Policy(
            grace_ms=Policy().grace_ms if tells_fills else _GRACE_WITHOUT_FILLS_MS,
            deadline_ms=_ms(self.deadline_seconds),
            settle_ms=_ms(self.settle_seconds),
            oldest_decision_ms=_ms(self.oldest_decision_seconds),
            ask_ms=_ms(self.ask_seconds),
            reconcile_ms=_ms(self.reconcile_seconds),
            foreign=self.foreign_orders,
            switch_seconds=self.cancel_all_after_seconds,
        )


def _ms(seconds: float) -> int:
    return round(seconds * MS_PER_SECOND)
