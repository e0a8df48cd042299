"""`python -m predictions serve`: load the champion, say so, and run the service."""

from __future__ import annotations

from functools import partial
from typing import Any

from loguru import logger

from contracts.errors import BadInputError
from contracts.topics import PREDICTIONS, TECHNICAL_INDICATORS
from modeling.progress import write_json
from modeling.registry import NoModelError
from predictions.app import topology
from predictions.served_model import ServedModel, load_champion
from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL
from streaming.service.exit import exit_code_for
from streaming.service.runner import run_service
from streaming.telemetry.logging import configure_logging
from streaming.topics import Topics


def serve(settings: PredictionsSettings) -> int:
    """Serve until stopped; return the process's exit code.

    The model is loaded before the service starts, so its health is not ready, and the ready file not written, before.
    """
    configure_logging("predictions", settings.log_level, settings.log_format)
    if settings.ready_file is not None:
        settings.ready_file.unlink(missing_ok=True)
    try:
        model = load_champion(settings)
    except NoModelError as error:
        logger.error("not starting: {}", error)
        return EXIT_NO_MODEL
    except BadInputError as error:
        logger.error("not starting: {}", error)
        return EXIT_UNSUITABLE_MODEL
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    _tell_ready(model, settings)
    return run_service(
        settings,
        service="predictions",
        inputs=[TECHNICAL_INDICATORS],
        outputs=[PREDICTIONS],
        topology=partial(_serving, model=model),
    )


def _serving(inputs: Any, topics: Topics, settings: PredictionsSettings, model: ServedModel) -> None:
    """Lay out the flow, and put down for the auditor which version it serves."""
    topics.audit.record("model_served", f"{model.facts.name}:{model.facts.version}", kind=model.card.kind)
    topology(inputs, topics, settings, model=model)


def _tell_ready(model: ServedModel, settings: PredictionsSettings) -> None:
    if settings.ready_file is not None:
        facts = {
            "model_name": model.facts.name,
            "model_version": model.facts.version,
            "kind": model.card.kind,
            "trained_to_ms": model.facts.trained_to_ms,
            "metrics": model.card.metrics,
            "baselines": model.card.baselines,
        }
        write_json(settings.ready_file, facts)
