"""What to hold, said in one file: strategies as formulas, those that come along, and the checks each must pass.

A strategy of a user imports from here alone. The words of formulas are those that `features` has; only there do they
stand in a list.
"""

from __future__ import annotations

from features import functions, given
from features.expressions import Expression
from features.functions import *  # noqa: F403
from features.given import *  # noqa: F403
from strategies.exits import Exits
from strategies.parameters import Parameter, between
from strategies.strategy import Strategy, Target

__all__ = ["Exits", "Expression", "Parameter", "Strategy", "Target", "between"]
__all__ += functions.__all__
__all__ += given.__all__
