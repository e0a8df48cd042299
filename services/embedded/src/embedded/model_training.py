"""What `tradestream models train` does: a model on the rows of a run, or of the configured log."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from dotenv import dotenv_values

from contracts.errors import BadInputError
from embedded.model_place import ModelsSettings, Place, settings_of
from embedded.paper_money import lenient
from modeling.kinds import MODELS
from results.run_folder import RunFolder, require_ours
from results.run_settings import settings_of as recorded_settings
from streaming.settings import ENV_FILE, environment_of, environment_variable
from training.train import train

#: What a run's models foresee, and on which bars: a new one of it foresees the same.
_OF_RUN = [
    environment_variable(ModelsSettings, field) for field in ("interval_s", "horizon_bars", "label", "barrier_width")
]


def train_here(place: Place, options: Mapping[str, str | None]) -> int:
    """Train a model, register it and promote it if it deserves it.

    Parameters
    ----------
    place
        Whose rows, and whose registry.
    options
        Settings of training by field, as text; None leaves one as it is.

    Returns
    -------
    int
        The exit code of training, which has said in its log what it did.

    Raises
    ------
    BadInputError
        If what trains the kind is not installed.
    SettingsError
        Naming an option or a setting that is wrong.
    """
    told = {environment_variable(ModelsSettings, field): text for field, text in options.items()}
    environment = {**dotenv_values(ENV_FILE), **os.environ}  # noqa: TID251 - it is read anew
    everything = {**environment, **_of_run(place.run, environment), **told}
    settings = settings_of(place.run, {name: text for name, text in everything.items() if text is not None})
    if place.name is not None:
        settings = settings.model_copy(update={"model_name": place.name})
    if lacking := MODELS[settings.model].lacks():
        raise BadInputError("--model", f"a kind whose library is installed: {lacking}", settings.model)
    return train(settings)


def _of_run(run: Path | None, said: Collection[str]) -> dict[str, str]:
    """Return what the last run into a folder told of its models, and that its money is paper."""
    if run is None:
        return {}
    require_ours(run)
    place = RunFolder(run)
    paper = environment_of(ModelsSettings, **lenient(said))
    if not (place.work / "settings.json").exists():
        return paper
    recorded = recorded_settings(place).values
    return paper | {variable: recorded[variable] for variable in _OF_RUN if variable in recorded}
