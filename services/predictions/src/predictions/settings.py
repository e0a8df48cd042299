"""What predictions can be told from outside."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from featurestore import StoreSettings
from modeling.settings import ModelSettings
from streaming.settings import ServiceSettings


class PredictionsSettings(ModelSettings, StoreSettings, ServiceSettings):
    """Settings of serving; each field is `PREDICTIONS_<FIELD>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="PREDICTIONS_")

    wait_for_model_seconds: float = Field(
        0, description="seconds that `serve` waits for a model to be promoted", ge=0
    )
    poll_seconds: float = Field(
        30, description="seconds between looks at what is promoted while `serve` runs; 0: at the start only", ge=0
    )
    ready_file: Path | None = Field(None, description="JSON file about the served model, written once it is loaded")
    served_file: Path | None = Field(
        None, description="for `replay`: JSON file of which versions predicted which rows"
    )
