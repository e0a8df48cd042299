"""Which model, and where it is registered: a mixin for the settings of training and serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from contracts.model_event import CHALLENGER

if TYPE_CHECKING:
    from pathlib import Path


class ModelSettings(BaseModel):
    """Adds what training and serving must agree on to settings that have a `data_dir`."""

    if TYPE_CHECKING:
        data_dir: Path

    model_name: str = Field("direction", description="registered name in MLflow", pattern=r"^[A-Za-z0-9_.-]+$")
    alias: str = Field("champion", description="alias that is promoted and served", min_length=1)
    challenger: str = Field(
        CHALLENGER, description="alias of the version that predicts in shadow beside it; nothing does if empty"
    )
    interval_s: int = Field(60, description="bars predicted on, seconds", gt=0)
    mlflow_uri: str | None = Field(None, description="MLflow server or database; sqlite:///<data_dir>/mlflow.db")

    @property
    def tracking_uri(self) -> str:
        """Where runs and models are registered."""
        return self.mlflow_uri or f"sqlite:///{(self.data_dir / 'mlflow.db').absolute()}"
