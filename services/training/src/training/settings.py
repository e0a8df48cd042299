"""What training can be told from outside."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from contracts.units import Pair
from modeling.kinds import TRAINING_KIND, KindName
from modeling.settings import ModelSettings
from streaming.settings import ServiceSettings


class TrainingSettings(ModelSettings, ServiceSettings):
    """Settings of training; each field is `PREDICTIONS_<FIELD>`, for whoever predicts trains with the same ones."""

    model_config = SettingsConfigDict(env_prefix="PREDICTIONS_")

    model: KindName = Field(TRAINING_KIND, description="which kind of model is trained")
    pairs: tuple[Pair, ...] = Field((), description="pairs to train on; all of them if empty")

    mlflow_artifacts: str | None = Field(
        None, description="artifact location; <data_dir>/mlartifacts without a server"
    )
    mlflow_experiment: str = Field("tradestream", description="experiment the runs are written to", min_length=1)

    train_until_ms: int | None = Field(None, description="use only rows whose window ends by then, UTC epoch")
    horizon_bars: int = Field(5, description="bars ahead that are predicted", ge=1, le=1_440)
    min_samples: int = Field(600, description="samples without which nothing is trained", ge=50)
    tune_fraction: float = Field(0.1, description="part of the time that says when to stop training", gt=0, lt=0.5)
    validation_fraction: float = Field(0.2, description="last part of the time, which judges the model", gt=0, lt=0.5)
    epochs: int = Field(20, description="most epochs of a neural network", ge=1)
    seed: int = Field(7, description="seed of everything random in training", ge=0)
    require_gate: bool = Field(False, description="refuse the first model too if it does not beat the base rate")
    progress_file: Path | None = Field(None, description="JSON of how far training is, rewritten as it goes")

    @property
    def artifact_location(self) -> str | None:
        """Where artifacts of a new experiment go; None leaves it to the server."""
        if self.mlflow_artifacts is not None or self.tracking_uri.startswith("http"):
            return self.mlflow_artifacts
        return (self.data_dir / "mlartifacts").absolute().as_uri()
