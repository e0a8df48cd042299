"""Settings of the commands that look at a log which exists already; the plans' choices are command-line options."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from streaming.settings import ServiceSettings


class EmbeddedSettings(ServiceSettings):
    """The shared settings: `TRADESTREAM_BROKER_ADDRESS`, `TRADESTREAM_ENVIRONMENT` and the others."""

    model_config = SettingsConfigDict(env_prefix="EMBEDDED_")
