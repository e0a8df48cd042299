"""Settings of the signals service."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from pydantic import Field, TypeAdapter, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.errors import BadInputError, TradestreamError
from contracts.strategy_check import StrategyCheck
from featurestore import StoreSettings
from signals.core.followed import Desk
from signals.deciders import begun_together, deciders_of, followed_of
from strategies.of_account import file_of_account, made_for
from strategies.versions import begun_with, is_own_file
from streaming.settings import ServiceSettings

#: Exchange, pair, interval and start of a window.
_LATE = TypeAdapter(list[tuple[str, str, int, int]])

#: Account, exchange, pair, first and last window of a run of signals, and what decided them (`Signal.decided_by`).
RUNS = TypeAdapter(list[tuple[str, str, str, int, int, str]])


def _require_strategies(account: Account, interval_s: int) -> None:
    """Refuse strategies that are not there, and parameters that they do not declare; files are checked later."""
    for told in account.deciding:
        if not is_own_file(told) or not Path(told.strategy).is_file():
            followed_of(account.name, told, interval_s)
            continue
        try:
            file = file_of_account(account.name, told)
        except BadInputError:
            continue  # it is not loaded: `signals.checked`
        made_for(told, file)


class SignalsSettings(AccountsSettings, StoreSettings, ServiceSettings):
    """Who trades what, and how long a decision holds; own fields are `SIGNALS_<FIELD>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="SIGNALS_")

    interval_s: int = Field(60, gt=0, description="interval of the candles and predictions acted on, seconds")
    model_name: str | None = Field(
        None, min_length=1, description="model acted on; by default the first that predicts"
    )
    expiry_seconds: int = Field(
        300, gt=0, description="seconds of event time a decision may wait for a trade after its candle"
    )
    maximum_pending_bars: int = Field(
        5,
        ge=0,
        description="bars of event time that a strategy waits for a prediction; prices and other strategies do not",
    )
    from_ms: int | None = Field(
        None,
        ge=0,
        description="start of the first window that accounts trade, milliseconds; by default the first there is",
    )
    late_file: Path | None = Field(
        None, description="for a replay: JSON file of the predictions that were too late then, written by `verify`"
    )
    said_file: Path | None = Field(
        None, description="for a replay: JSON file of what the signals were decided by then, written by `verify`"
    )
    trades_exchange: str = Field(
        "kraken", validation_alias="TRADES_EXCHANGE", min_length=1, description="exchange whose pairs are requested"
    )
    trades_exchange_label: str | None = Field(
        None, validation_alias="TRADES_EXCHANGE_LABEL", min_length=1, description="its name in messages"
    )

    @model_validator(mode="after")
    def _strategies_are_there(self) -> SignalsSettings:
        for account in self.configured_accounts:
            try:
                _require_strategies(account, self.interval_s)
            except TradestreamError as error:
                raise ValueError(f"strategies of accounts that signals can follow; {error}") from error
        return self

    @field_validator("late_file")
    @classmethod
    def _late_predictions_are_read(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                _LATE.validate_json(file.read_bytes())
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"late_file: expected a JSON list of [exchange, pair, interval_s, ms]; {error}"
                ) from error
        return file

    @field_validator("said_file")
    @classmethod
    def _hashes_are_read(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                RUNS.validate_json(file.read_bytes())
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"said_file: expected a JSON list of [account, exchange, pair, ms, ms, hash]; {error}"
                ) from error
        return file

    @property
    def desk(self) -> Desk:
        """Who decides, as the core is told of it, where no file was checked."""
        return self.desk_with(())

    def desk_with(self, checks: Iterable[StrategyCheck]) -> Desk:
        """Return who decides, with the first versions of their files that were loaded.

        Returns
        -------
        Desk
            As the core is told of it.
        """
        known = list(checks)
        accounts = (begun_with(account, known) for account in self.configured_accounts)
        every = (deciders_of(account, self.interval_s) for account in accounts)
        deciders = begun_together(chain.from_iterable(every))
        return Desk(deciders, self.expiry_seconds, self.maximum_pending_bars, self.from_ms, self._late)

    @property
    def _late(self) -> frozenset[tuple[str, str, int]]:
        if self.late_file is None:
            return frozenset()
        entries = _LATE.validate_json(self.late_file.read_bytes())
        return frozenset(
            (exchange, pair, ms) for exchange, pair, interval_s, ms in entries if interval_s == self.interval_s
        )

    @property
    def exchange(self) -> str:
        """The exchange as messages name it, the same as the trades service's."""
        return self.trades_exchange_label or self.trades_exchange
