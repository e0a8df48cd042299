"""`python -m predictions serve`: load the champion, say so, and predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

from loguru import logger

from contracts.errors import BadInputError, BadSettingError
from contracts.services import service
from modeling.progress import write_json
from modeling.registered import NoModelError
from predictions.app import topology
from predictions.promotions import Promotions
from predictions.served_model import ServedModel, find_champion, load_challenger, load_version
from predictions.settings import PredictionsSettings
from predictions.speakers import Challenger, Champion, Speakers
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL
from streaming.service.exit import exit_code_for
from streaming.service.runner import run_service
from streaming.telemetry.logging import configure_logging
from streaming.topics import Topics


class Loaded(NamedTuple):
    """What is predicted with.

    Attributes
    ----------
    speakers
        The models that speak for a row.
    ready
        What the ready file says.
    champion
        The model to begin with, where there is one.
    challengers
        The models that speak in shadow.
    watching
        What goes on beside the service.
    """

    speakers: Speakers
    ready: Mapping[str, object]
    champion: ServedModel | None = None
    challengers: Speakers | None = None
    watching: AbstractContextManager[object] = nullcontext()


def serve(settings: PredictionsSettings) -> int:
    """Serve the champion until stopped; return the process's exit code."""
    return run(settings, _champion)


def run(settings: PredictionsSettings, load: Callable[[PredictionsSettings], Loaded]) -> int:
    """Predict with what `load` gives until stopped; return the process's exit code.

    It is loaded before the service starts, so its health is not ready, and the ready file not written, before.
    """
    configure_logging("predictions", settings.log_level, settings.log_format)
    if settings.ready_file is not None:
        settings.ready_file.unlink(missing_ok=True)
    try:
        loaded = load(settings)
    except NoModelError as error:
        logger.error("not starting: {}", error)
        return EXIT_NO_MODEL
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        if isinstance(error, BadSettingError) or not isinstance(error, BadInputError):
            return exit_code_for(error)
        logger.error("not starting: {}", error)
        return EXIT_UNSUITABLE_MODEL
    if settings.ready_file is not None:
        write_json(settings.ready_file, loaded.ready)
    spec = service("predictions")
    with loaded.watching:
        return run_service(
            settings,
            service=spec.name,
            inputs=spec.reads,
            outputs=spec.writes,
            topology=partial(_lay_out, loaded=loaded),
        )


def _lay_out(inputs: Any, topics: Topics, settings: PredictionsSettings, loaded: Loaded) -> None:
    """Lay out the flow, and put down for the auditor which version it serves."""
    if (model := loaded.champion) is not None:
        gate = "unproven" if model.facts.unproven else "passed"
        named = f"{model.facts.name}:{model.facts.version}"
        topics.audit.record("model_served", named, kind=model.card.kind, gate=gate)
    topology(inputs, topics, settings, speakers=loaded.speakers, challengers=loaded.challengers)


def _champion(settings: PredictionsSettings) -> Loaded:
    model, answers = find_champion(settings)
    facts = model.facts
    champion = Champion(model, partial(load_version, settings))
    challenger = Challenger(load_challenger(settings, answers=answers), partial(load_version, settings))
    ready = {
        "model_name": facts.name,
        "model_version": facts.version,
        "kind": model.card.kind,
        "trained_to_ms": facts.trained_to_ms,
        "proven": model.card.proven,
        "metrics": model.card.metrics,
        "baselines": model.card.baselines,
        "label": asdict(model.card.label),
    }
    return Loaded(champion, ready, model, challenger, Promotions(champion, settings, challenger))
