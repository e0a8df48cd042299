"""All that can be said of a run's settings before anything is started, and before an earlier run is replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from pydantic import ValidationError

from candles.settings import CandlesSettings
from contracts.errors import BadInputError
from contracts.json_text import RepeatedNameError, decode
from contracts.reference_settings import ReferenceSettings
from contracts.validation_errors import expectation
from embedded.bars import interval_in_words
from embedded.chosen import Chosen
from embedded.process import ProcessSpec
from embedded.services import Services
from embedded.subscriptions import settings_of
from execution.settings import ExecutionSettings
from features import SETS
from featurestore import StoreError
from indicators.settings import IndicatorsSettings
from predictions.settings import PredictionsSettings
from results.run_folder import RunFolder
from results.run_settings import recorded_settings
from signals.settings import SignalsSettings
from streaming.errors import SettingsError
from streaming.forward_tests import forward_tests
from streaming.settings import ENV_FILE, ServiceSettings, environment_variable, read_settings
from streaming.variables import set_variables
from training.settings import TrainingSettings

_FEATURE_SET = environment_variable(IndicatorsSettings, "feature_set")
_REFERENCES = environment_variable(IndicatorsSettings, "reference_pairs")


def require_settings(services: Services, chosen: Chosen) -> None:
    """Refuse what a service of the run would refuse once it has been started, or could not work with.

    Raises
    ------
    SettingsError
        With every wrong variable of every service.
    BadInputError
        If the services' settings do not fit together.
    """
    environment = set_variables(ENV_FILE)
    complaints: dict[str, None] = {}
    for spec in services.every():
        try:
            read_settings(settings_class(spec), {**environment, **spec.environment})
        except SettingsError as error:
            complaints |= dict.fromkeys(str(error).splitlines())
    if complaints:
        raise SettingsError("settings are wrong, nothing was started:\n" + "\n".join(complaints))
    seen = {**environment, **services.shared()}
    require_features(seen, chosen.pairs)
    _require_bars(seen)
    _require_store(seen)


def require_same_run(place: RunFolder, chosen: Chosen) -> None:
    """Refuse to go on in a folder with what it did not begin with and would keep in silence.

    Raises
    ------
    BadInputError
        If an account began with another balance, in another currency or with another owner, an owner's account is
        gone, one has the name of a forward test, or the model predicts other bars.
    """
    recorded = recorded_settings(place)
    if not recorded:
        return
    begun = {account.name: account for account in read_settings(ExecutionSettings, recorded).configured_accounts}
    tests = forward_tests(settings_of(place.out)) if place.log.is_dir() else {}
    for account in chosen.accounts:
        if account.name in tests:
            expected = "a name that no forward test of this folder has: its books are kept under it"
            raise BadInputError("accounts.name", expected, account.name)
        before = begun.get(account.name, account)
        for field in ("currency", "initial_balance_quote", "owner"):
            _require_same(place, f"accounts: {account.name}.{field}", getattr(before, field), getattr(account, field))
    there = {account.name for account in chosen.accounts}
    for name, account in begun.items():
        if account.owner is not None and name not in there:
            # What its owner's limits are counted from would be gone with it.
            expected = f"{name} among them, with which {account.owner}'s limits in {place.out} began"
            raise BadInputError("accounts", expected, ", ".join(sorted(there)))
    interval_s = read_settings(PredictionsSettings, recorded).interval_s
    horizon_bars = read_settings(TrainingSettings, recorded).horizon_bars
    _require_same(place, "--interval", interval_in_words(interval_s), interval_in_words(chosen.interval_s))
    _require_same(place, "--horizon", horizon_bars, chosen.horizon_bars)


def _require_same(place: RunFolder, what: str, before: object, now: object) -> None:
    if before != now:
        expected = f"{before}, with which {place.out} began (another folder or another account's name begins anew)"
        raise BadInputError(what, expected, str(now))


def settings_class(spec: ProcessSpec) -> type[ServiceSettings]:
    """Return the class that the process reads its settings with: the one in `settings.py` of its module."""
    module = import_module(f"{spec.command[0]}.settings")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ServiceSettings) and value.__module__ == module.__name__
    )
    return found


def _require_bars(seen: Mapping[str, str]) -> None:
    """Refuse bars that are predicted and never made, or predicted and never acted on."""
    predicted = read_settings(PredictionsSettings, seen).interval_s
    if predicted not in (made := read_settings(CandlesSettings, seen).intervals_s):
        variable = environment_variable(CandlesSettings, "intervals_s")
        expected = f"{predicted} among them, the bars that are predicted (--interval sets both)"
        raise BadInputError(variable, expected, ",".join(map(str, made)))
    if (acted_on := read_settings(SignalsSettings, seen).interval_s) != predicted:
        variable = environment_variable(SignalsSettings, "interval_s")
        expected = f"{predicted}, the bars that are predicted (--interval {interval_in_words(predicted)} sets both)"
        raise BadInputError(variable, expected, acted_on)


def _require_store(seen: Mapping[str, str]) -> None:
    """Refuse a store that does not answer."""
    settings = read_settings(IndicatorsSettings, seen)
    store = settings.open_store()
    if store is None:
        return
    try:
        store.require_answer()
    except StoreError as error:
        variable = environment_variable(IndicatorsSettings, "store_url")
        what = str(error) if str(error).startswith(variable) else f"{variable}: expected a database, {error}"
        raise SettingsError(f"settings are wrong, nothing was started:\n  {what}") from error


def require_features(settings: Mapping[str, str], pairs: Sequence[str]) -> None:
    """Refuse settings of features that no service could work with, or that would wait for ever.

    Parameters
    ----------
    settings
        By environment variable.
    pairs
        Those that stream.

    Raises
    ------
    BadInputError
        If the set is unknown, the references cannot be read, or one of them is a pair that does not stream.
    """
    chosen = settings.get(_FEATURE_SET, IndicatorsSettings.model_fields["feature_set"].default)
    if chosen not in SETS:
        raise BadInputError(_FEATURE_SET, f"one of {', '.join(SETS)}", chosen)
    for reference in references(settings).followers:
        if reference not in pairs:
            raise BadInputError(_REFERENCES, f"references among the pairs that stream, {', '.join(pairs)}", reference)


def references(settings: Mapping[str, str]) -> ReferenceSettings:
    """Return which pair is compared with which, as the services will read it from `settings`.

    Raises
    ------
    BadInputError
        If it cannot be read.
    """
    given = settings.get(_REFERENCES) or "{}"
    try:
        return ReferenceSettings.model_validate({_REFERENCES: decode(given)})
    except ValidationError as error:
        raise BadInputError(_REFERENCES, expectation(error.errors(include_url=False)[0]), given) from error
    except RepeatedNameError as error:
        raise BadInputError(_REFERENCES, str(error), given) from error
    except ValueError as error:
        raise BadInputError(_REFERENCES, f"JSON ({error})", given) from error
