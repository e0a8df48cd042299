"""What a challenger says of the rows that the served version speaks for: compared with it, and never traded on."""

from __future__ import annotations

from typing import ClassVar, Self

from contracts.prediction import AnyPrediction


class ShadowPrediction(AnyPrediction):
    """One per prediction of the served version while there is a challenger that can speak.

    No `Prediction`, so that nothing takes one for the other.
    """

    schema_name: ClassVar[str] = "shadow_prediction"

    @classmethod
    def of(cls, prediction: AnyPrediction) -> Self:
        """Return the same, said in shadow.

        Returns
        -------
        ShadowPrediction
            With the same fields.
        """
        return cls.model_validate(prediction.model_dump())
