"""What training can be told from outside."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from contracts.account import Account
from contracts.errors import BadInputError
from contracts.fees import SLIPPAGE_BPS, TAKER_FEE_BPS
from contracts.units import Pair
from modeling.hyperparameter import Number, resolved
from modeling.judging.trading import TradingRule
from modeling.kinds import MODELS, TRAINING_KIND, KindName
from modeling.labels import LABELS, LabelName, LabelRule
from modeling.recipe import Recipe
from modeling.settings import ModelSettings
from streaming.settings import ServiceSettings


class TrainingSettings(ModelSettings, ServiceSettings):
    """Settings of training; each field is `PREDICTIONS_<FIELD>`, for whoever predicts trains with the same ones."""

    model_config = SettingsConfigDict(env_prefix="PREDICTIONS_")

    model: KindName = Field(TRAINING_KIND, description="which kind of model is trained")
    hyperparameters: dict[str, Number] = Field(
        {}, description="of that kind, as JSON; what is not named is as the kind has it by default"
    )
    tuning_trials: int = Field(
        0,
        description="hyperparameters to try, the ones above first; each is a try that the gate counts",
        ge=0,
        le=1_000,
    )
    pairs: tuple[Pair, ...] = Field((), description="pairs to train on; all of them if empty")

    mlflow_artifacts: str | None = Field(
        None, description="artifact location; <data_dir>/mlartifacts without a server"
    )
    mlflow_experiment: str = Field("tradestream", description="experiment the runs are written to", min_length=1)

    train_until_ms: int | None = Field(None, description="use only rows whose window ends by then, UTC epoch")
    horizon_bars: int = Field(5, description="bars ahead that are predicted", ge=1, le=1_440)
    label: LabelName = Field("rise", description="what is foreseen: a rise, a move beyond costs, the first barrier")
    barrier_width: float = Field(
        1.0,
        description="of triple_barrier: how far the barriers are, in expected deviations over the horizon",
        gt=0,
        le=20,
    )
    min_samples: int = Field(600, description="samples without which nothing is trained", ge=50)
    folds: int = Field(3, description="parts of the time that judge, each what was trained before it", ge=1, le=50)
    first_train_fraction: float = Field(
        0.4, description="part of the time before the first fold's judging part", gt=0, lt=1
    )
    fold_window: Literal["expanding", "rolling"] = Field(
        "expanding", description="a fold trains on all before it, or on as much as the first"
    )
    tune_fraction: float = Field(
        0.1, description="last part of what is trained on, which says when to stop", gt=0, lt=0.5
    )
    epochs: int = Field(20, description="most epochs of a neural network", ge=1)
    seed: int = Field(7, description="seed of everything random in training", ge=0)
    require_gate: bool = Field(True, description="serve nothing rather than a first model that fails the gate")
    require_moves: bool = Field(
        True, description="train nothing where under 5 % of moves over the horizon exceed a round trip"
    )
    minimum_confidence: float = Field(
        Account.model_fields["minimum_confidence"].default,
        description="confidence from which the gate buys",
        ge=0.5,
        le=1,
    )
    cooldown_bars: int = Field(
        Account.model_fields["cooldown_bars"].default,
        description="bars between a fill of the gate and its next buy",
        ge=0,
    )
    fee_bps: Decimal = Field(
        TAKER_FEE_BPS,
        validation_alias="EXECUTION_FEE_BPS",
        description="fee of a side, basis points",
        ge=0,
        lt=10_000,
    )
    slippage_bps: Decimal = Field(
        SLIPPAGE_BPS,
        validation_alias="EXECUTION_SLIPPAGE_BPS",
        description="slippage of a side, basis points",
        ge=0,
        lt=10_000,
    )
    progress_file: Path | None = Field(None, description="JSON of how far training is, rewritten as it goes")

    @field_validator("hyperparameters")
    @classmethod
    def _kind_has_them(cls, given: dict[str, Number], info: ValidationInfo) -> dict[str, Number]:
        if (model := info.data.get("model")) is not None:
            try:
                resolved(model, MODELS[model].hyperparameters, given)
            except BadInputError as error:
                raise ValueError(f"{error.expected} ({error.field})") from error
        return given

    @property
    def recipe(self) -> Recipe:
        """How a model is made, or where a search for its hyperparameters begins."""
        kind, rest = MODELS[self.model], (self.tune_fraction, self.seed, self.epochs, self.hyperparameters)
        return Recipe(kind, self.interval_s, self.horizon_bars, *rest)

    @property
    def trading_rule(self) -> TradingRule:
        """How the gate trades forecasts."""
        cost_bps = float(self.fee_bps + self.slippage_bps)
        return TradingRule(self.minimum_confidence, self.cooldown_bars, cost_bps)

    @property
    def label_rule(self) -> LabelRule:
        """What is foreseen, with the number that it depends on and no other: what is the same compares equal."""
        numbers = {"cost_bps": self.trading_rule.cost_bps, "barrier_width": self.barrier_width}
        needed = LABELS[self.label].depends_on
        return LabelRule(self.label, **({} if needed is None else {needed: numbers[needed]}))

    @property
    def artifact_location(self) -> str | None:
        """Where artifacts of a new experiment go; None leaves it to the server."""
        if self.mlflow_artifacts is not None or self.tracking_uri.startswith("http"):
            return self.mlflow_artifacts
        return (self.data_dir / "mlartifacts").absolute().as_uri()
