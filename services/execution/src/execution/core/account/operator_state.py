"""What an operator's last command lets an account do, beside what its limits say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contracts.operator_command import OperatorAction

ACTIVE = "ACTIVE"
#: Nothing is sent; what rests on positions stays, and is kept as large as they are.
HALTED = "OPERATOR_HALT"
#: Nothing is bought.
REDUCE_ONLY = "OPERATOR_REDUCE_ONLY"
#: Nothing is bought, and all that is held, or comes in late, is sold.
FLATTEN = "OPERATOR_FLATTEN"

#: It holds until the next command, over restarts and midnights.
STATE_AFTER: Mapping[OperatorAction, str] = MappingProxyType(
    {"halt": HALTED, "reduce_only": REDUCE_ONLY, "flatten": FLATTEN, "resume": ACTIVE}
)
