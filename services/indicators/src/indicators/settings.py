"""Settings of the indicators service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from featurestore import StoreSettings
from streaming.settings import ServiceSettings


class IndicatorsSettings(StoreSettings, ServiceSettings):
    """The shared settings and the store's; which features there are is `contracts.features`' business."""

    model_config = SettingsConfigDict(env_prefix="INDICATORS_")

    variant: Literal["historical", "live"] = Field(
        "live", description="until the candles of history are done; or from where the group is, for ever"
    )
