"""Settings of the simulated venue, from `SIMULATOR_*`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from contracts.errors import BadInputError
from contracts.units import MS_PER_DAY
from exchanges.simulator.accounts.key import SimulatedKey
from exchanges.simulator.faults import Fault
from exchanges.simulator.instruments import instrument

DEFAULT_HISTORY_MS = 3 * MS_PER_DAY


class SimulatorSettings(BaseSettings):
    """What the simulated venue lists, when its market lives, and how it behaves.

    Without `live_from_ms` the market is live from the moment the process starts.
    """

    model_config = SettingsConfigDict(env_prefix="SIMULATOR_", extra="ignore", use_attribute_docstrings=True)

    seed: int = Field(default=7, ge=0)
    """seed of the market"""
    pairs: Annotated[tuple[str, ...], NoDecode] = ("BTC/USD", "ETH/USD", "SOL/USD")
    """pairs that it lists"""
    host: str = "127.0.0.1"
    """address to listen on"""
    port: int = Field(default=0, ge=0, le=65_535)
    """port of REST and WebSocket; 0 = any free one"""
    history_from_ms: int | None = Field(default=None, ge=0)
    """start of its history; by default three days before it goes live"""
    live_from_ms: int | None = Field(default=None, ge=0)
    """market time at which it goes live; by default the wall clock's at the start"""
    live_until_ms: int | None = Field(default=None, ge=0)
    """market time at which it ends; by default never"""
    speed: float = Field(default=1.0, gt=0, le=100_000)
    """market seconds per second"""
    auto_start: bool = False
    """start the market's clock at once, not only when told to"""
    requests_per_second: float = Field(default=50.0, ge=0)
    """REST calls allowed per second; 0 = no limit"""
    messages_per_second: float = Field(default=50.0, ge=0)
    """WebSocket messages allowed per second and connection; 0 = no limit"""
    idle_timeout_seconds: float = Field(default=60.0, gt=0)
    """seconds after which an unused connection is closed"""
    heartbeat_seconds: float = Field(default=1.0, gt=0)
    """seconds between heartbeats"""
    batch_seconds: float = Field(default=0.04, gt=0, le=1)
    """seconds of trades that are sent together"""
    keys: Annotated[tuple[SimulatedKey, ...], NoDecode] = ()
    """JSON list of keys of accounts, each with key, secret, venue, account and the balances it begins with"""
    tier: Literal["starter", "intermediate", "pro", "unlimited"] = "pro"
    """how much accounts may ask"""
    faults: Annotated[tuple[Fault, ...], NoDecode] = ()
    """JSON list of faults to produce"""
    ready_file: Path | None = None
    """JSON file that is written once it listens"""

    @field_validator("pairs", mode="before")
    @classmethod
    def _split_pairs(cls, value: Any) -> Any:
        return tuple(p.strip() for p in value.split(",") if p.strip()) if isinstance(value, str) else value

    @field_validator("pairs")
    @classmethod
    def _listed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            try:
                instrument(pair)
            except BadInputError as error:
                raise ValueError(error.expected) from error
        if not value:
            raise ValueError("expected at least one pair, was none")
        return value

    @field_validator("faults", "keys", mode="before")
    @classmethod
    def _parse_lists(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            raise ValueError(f"JSON ({error})") from error

    @model_validator(mode="after")
    def _times_in_order(self) -> Self:
        times = [t for t in (self.history_from_ms, self.live_from_ms, self.live_until_ms) if t is not None]
        if times != sorted(times):
            raise ValueError(f"expected history_from_ms <= live_from_ms <= live_until_ms, was {times}")
        return self

    @model_validator(mode="after")
    def _faults_hit_listed_pairs(self) -> Self:
        for fault in self.faults:
            if fault.pair is not None and fault.pair not in self.pairs:
                raise ValueError(f"faults: expected a pair out of {', '.join(self.pairs)}, was {fault.pair!r}")
        return self
