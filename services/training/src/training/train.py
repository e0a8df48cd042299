"""`python -m training`: read, train, register, promote or refuse, and tell the model-events topic."""

from __future__ import annotations

import time

from loguru import logger

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.model_event import ModelEvent
from contracts.topics import MODEL_EVENTS
from modeling.dataset import build_dataset
from modeling.events import event_of
from modeling.judging.moves import LEAST_SHARE
from modeling.judging.verdict import Outcome, may_promote
from modeling.kinds import MODELS
from modeling.model_card import ModelCard
from modeling.progress import Progress
from modeling.recipe import TooFewRowsError
from modeling.registered import NoModelError, RegisteredVersion, StoredModel
from modeling.registry import ModelRegistry
from streaming.exit_codes import EXIT_FAILED, EXIT_OK, EXIT_TOO_FEW_ROWS
from streaming.producer import open_producer
from streaming.service.exit import exit_code_for
from streaming.telemetry.logging import configure_logging
from training.champion_challenger import sees_otherwise
from training.fit import Trained, train_model
from training.settings import TrainingSettings
from training.source import read_rows


def train(settings: TrainingSettings) -> int:
    """Train and register a model; return the process's exit code.

    Returns
    -------
    int
        0 if a model was registered.
    """
    configure_logging("train", settings.log_level, settings.log_format)
    progress = Progress(settings.progress_file)
    try:
        _train(settings, progress)
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        progress.stage("failed")
        return _exit_code(error, settings)
    progress.stage("done")
    return EXIT_OK


def _exit_code(error: Exception, settings: TrainingSettings) -> int:
    if isinstance(error, TooFewRowsError):
        logger.error("not training: {}", error)
        return EXIT_TOO_FEW_ROWS
    if isinstance(error, ImportError):
        extra = MODELS[settings.model].extra
        logger.error("training {} needs the extra [{}] of tradestream-training: {}", settings.model, extra, error)
        return EXIT_FAILED
    return exit_code_for(error)


def _train(settings: TrainingSettings, progress: Progress) -> None:
    started_seconds = time.monotonic()
    progress.stage("reading")
    kind = MODELS[settings.model]
    data = build_dataset(
        read_rows(settings),
        kind.sequence_length,
        settings.horizon_bars,
        settings.interval_s,
        label=settings.label_rule,
    )
    kind.load()  # importing its library takes seconds, which say nothing of how long an epoch takes
    progress.stage("training")
    champion, registered = _known(settings)
    trained = train_model(data, settings, progress.epoch, champion=champion, registered=registered)
    _log_metrics(trained.card)
    progress.stage("registering")
    events = register(trained, settings)
    with open_producer(settings, "predictions") as producer:
        for event in events:
            producer.produce(MODEL_EVENTS, event)
        producer.flush()
    logger.info("trained in {:.1f} s", time.monotonic() - started_seconds)


def _known(settings: TrainingSettings) -> tuple[StoredModel | None, list[RegisteredVersion]]:
    """Return what is served and all that was registered; nothing where there is no registry yet."""
    if not ModelRegistry.exists(settings.tracking_uri):
        return None, []
    registry = ModelRegistry(settings.tracking_uri)
    name = settings.model_name
    return _champion(registry, name, registry.version_of(name, settings.alias)), registry.versions(name)


def register(trained: Trained, settings: TrainingSettings) -> list[ModelEvent]:
    """Register `trained`, promote it if it may be, and return what happened."""
    card = trained.card
    registry = ModelRegistry(settings.tracking_uri)
    champion = registry.version_of(card.model_name, settings.alias)
    version = registry.register(
        card,
        trained.fitted.onnx,
        trained.fitted.params,
        example=trained.data.samples.x(trained.validation[:2]),
        experiment=settings.mlflow_experiment,
        artifact_location=settings.artifact_location,
    )
    if version == champion:  # this very model: an earlier training was stopped after it had promoted it
        promoted, reason = True, registry.tag_of(card.model_name, version, "gate_reason") or ""
    else:
        promoted, reason = _decide(registry, card, version, champion, settings)
    return [
        event_of(card, version, "registered", None, f"{card.kind}, seed {card.seed}"),
        event_of(card, version, "promoted" if promoted else "refused", settings.alias if promoted else None, reason),
    ]


def _decide(
    registry: ModelRegistry, card: ModelCard, version: int, champion: int | None, settings: TrainingSettings
) -> tuple[bool, str]:
    """Promote `version` if it may be; return whether it was, and why."""
    served = _champion(registry, card.model_name, champion)
    outcome, reason = _found(card)
    if served is not None and sees_otherwise(served.card, settings):
        outcome, reason = "failed", f"version {champion} sees other inputs: `tradestream models promote` decides"
    registry.tag(card.model_name, version, "gate", outcome)
    registry.tag(card.model_name, version, "gate_reason", reason)
    promoted = may_promote(outcome, has_champion=served is not None, require_gate=settings.require_gate)
    if promoted:
        registry.promote(card.model_name, version, settings.alias)
    _log_verdict(card, version, promoted, outcome == "passed", reason)
    return promoted, reason


def _found(card: ModelCard) -> tuple[Outcome, str]:
    if card.verdict is None:
        return "failed", "nobody judged it"
    share = card.moves_beyond_costs.get(card.horizon_bars, 0.0)
    ahead = counted(card.horizon_bars, "bar")
    little = f"; only {100 * share:.1f} % of moves over {ahead} exceed a round trip" if share < LEAST_SHARE else ""
    return card.verdict.outcome, card.verdict.reason + little


def _champion(registry: ModelRegistry, name: str, version: int | None) -> StoredModel | None:
    """Return the version that is served; None if there is none, or what is left of it cannot be served."""
    if version is None:
        return None
    try:
        return registry.load(name, version)
    except (NoModelError, BadInputError) as error:
        logger.warning("the champion is not one any more: {}", error)
        return None


def _log_metrics(card: ModelCard) -> None:
    for name, metrics in {card.kind: card.metrics, **card.baselines}.items():
        logger.info(
            "validation of {}: log loss {:.6f}, accuracy {:.4f}, Brier {:.6f}, {} samples, base rate {:.4f}",
            name,
            metrics["log_loss"],
            metrics["accuracy"],
            metrics["brier"],
            int(metrics["n"]),
            metrics["base_rate"],
        )


def _log_verdict(card: ModelCard, version: int, promoted: bool, passed: bool, reason: str) -> None:
    without_rival = "is promoted unproven, because there is no other model"
    verdict = "is refused" if not promoted else "is promoted" if passed else without_rival
    level = "INFO" if promoted and passed else "WARNING"
    logger.log(level, "{} version {} {}: {}", card.model_name, version, verdict, reason)
