"""What can be said of a run's settings before anything is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from contracts.errors import BadInputError
from contracts.json_text import RepeatedNameError, decode
from contracts.reference_settings import ReferenceSettings
from contracts.validation_errors import expectation
from features import SETS
from indicators.settings import IndicatorsSettings
from streaming.settings import environment_variable

_FEATURE_SET = environment_variable(IndicatorsSettings, "feature_set")
_REFERENCES = environment_variable(IndicatorsSettings, "reference_pairs")


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
