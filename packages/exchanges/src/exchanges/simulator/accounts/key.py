"""A key of an account at the simulated venue, and what the account begins with."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from contracts.errors import BadSettingError
from exchanges.coinbase.signing import private_key
from exchanges.simulator.accounts.names import SimulatedAccountVenue


class SimulatedKey(BaseModel):
    """One key; an account may have several, as each process needs its own.

    Parameters
    ----------
    key, secret
        What calls are signed with; Kraken's secrets are base64, Coinbase's PEM.
    venue
        Whose calls it signs: the account is one of that venue's.
    account
        Whose it is.
    balances
        What that account begins with, by currency; the first key that says so counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1)
    venue: SimulatedAccountVenue = "kraken"
    secret: SecretStr
    account: str = Field(default="main", min_length=1)
    balances: dict[str, Decimal] = Field(default_factory=dict)

    @field_validator("secret")
    @classmethod
    def _is_the_venues(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        venue, secret = info.data.get("venue"), value.get_secret_value()
        try:
            if venue == "kraken":
                base64.b64decode(secret, validate=True)
            if venue == "coinbase":
                private_key(secret)
        except binascii.Error as error:
            raise ValueError("base64, as the venue gives secrets") from error
        except BadSettingError as error:
            raise ValueError(error.expected) from error
        return value

    @field_validator("balances")
    @classmethod
    def _not_negative(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for currency, amount in value.items():
            if not amount.is_finite() or amount < 0:
                raise ValueError(f"an amount from 0 of {currency}")
        return value
