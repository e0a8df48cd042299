"""Settings of the indicators service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from contracts.reference_settings import ReferenceSettings
from features import SETS
from featurestore import StoreSettings
from streaming.settings import ServiceSettings


class IndicatorsSettings(ReferenceSettings, StoreSettings, ServiceSettings):
    """The shared settings and the store's; which features there are is `features`' business."""

    model_config = SettingsConfigDict(env_prefix="INDICATORS_")

    variant: Literal["historical", "live"] = Field(
        "live",
        description="historical: until the candles of history are done; live: from the group's offset on",
    )
    feature_set: str = Field("core", description=f"which features rows have: {' or '.join(SETS)}")
    forming: bool = Field(
        False, description="publish on indicators-forming what the rows of open windows would be now; live only"
    )

    @property
    def shows_forming(self) -> bool:
        """Whether anybody could be looking: what history was like while it formed is of no use."""
        return self.forming and self.variant == "live"

    @field_validator("feature_set")
    @classmethod
    def _is_one(cls, name: str) -> str:
        if name not in SETS:
            raise ValueError(" or ".join(SETS))
        return name
