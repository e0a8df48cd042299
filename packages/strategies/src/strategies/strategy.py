"""What a strategy is: parameters, and a formula or a step that says what to hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from contracts.errors import BadInputError
from features.expressions import Expression
from strategies.exits import Exits
from strategies.parameters import Parameter, Range, parameter, read_all

#: 1: hold the pair, 0: hold none of it, -1: have sold it short, None: no decision, what is held stays.
Target = Literal[-1, 0, 1] | None


class Strategy:
    """Says what to hold after each bar; it never sees the account.

    A subclass has parameters (`between`) and either `target`, a formula, or `inputs` and `step`. It has no other
    attributes of its own and does not change: what a step must remember is in its state.

    Parameters
    ----------
    **given
        Values of parameters; those that are not given have their defaults.

    Attributes
    ----------
    exits
        When a position ends whatever the target says.
    parameters
        What may be set, in the order in which it is declared.
    memory_bars
        Only with `step`: of how many bars its state is a function.

    Raises
    ------
    BadInputError
        If a parameter is not known, or has a value that it may not have.
    """

    exits: Exits = Exits()
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    memory_bars: int = 0

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        found = {each.name: each for each in cls.parameters}
        annotations = vars(cls).get("__annotations__", {})
        for name, value in list(vars(cls).items()):
            if isinstance(value, Range):
                found[name] = parameter(cls.__name__, name, annotations.get(name, "not given"), value)
        cls.parameters = tuple(found.values())
        if cls.has_step() == (cls.target is not Strategy.target):
            expected = "either target or step"
            raise BadInputError(cls.__name__, expected, "both" if cls.has_step() else "neither")

    def __init__(self, **given: object) -> None:
        self.__dict__.update(read_all(self.parameters, given, type(self).__name__))
        if not isinstance(self.exits, Exits):
            raise BadInputError(f"{type(self).__name__}.exits", "Exits(...)", self.exits)
        memory = self.memory_bars
        if isinstance(memory, bool) or not isinstance(memory, int) or memory < 0:
            raise BadInputError(f"{type(self).__name__}.memory_bars", "an integer, at least 0", memory)

    def __setattr__(self, name: str, value: object) -> None:
        expected = "nothing to be set: what a step must remember is in its state"
        raise BadInputError(f"{type(self).__name__}.{name}", expected, value)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{type(self).__name__}({given})"

    @classmethod
    def has_step(cls) -> bool:
        """Whether it goes bar by bar, because no formula says what it does.

        Returns
        -------
        bool
            False if it has a formula.
        """
        return cls.step is not Strategy.step

    @classmethod
    def space(cls) -> tuple[Parameter, ...]:
        """Return what a search may set: names, kinds, lowest and highest values, steps.

        Returns
        -------
        tuple[Parameter, ...]
            In the order in which they are declared.
        """
        return cls.parameters

    @property
    def values(self) -> dict[str, int | float]:
        """Its parameters' values by name."""
        return {each.name: getattr(self, each.name) for each in self.parameters}

    def target(self) -> Expression:
        """Return the formula of what to hold.

        Returns
        -------
        Expression
            1 long, 0 flat, -1 short, unknown: no decision.

        Raises
        ------
        NotImplementedError
            If the strategy has a step instead.
        """
        raise NotImplementedError

    def inputs(self) -> Mapping[str, Expression]:
        """Return, by name, the formulas whose values `step` is given.

        Returns
        -------
        Mapping[str, Expression]
            At least one, if there is a step.
        """
        return {}

    def initial(self) -> Any:
        """Return the state before the first bar.

        Returns
        -------
        Any
            JSON.
        """
        return None

    def step(self, state: Any, row: Mapping[str, float | None]) -> tuple[Any, Target]:
        """Take a bar and return the new state and what to hold.

        Parameters
        ----------
        state
            Of the bar before: JSON.
        row
            The values of `inputs` after this bar; None where one is not known.

        Returns
        -------
        tuple[Any, Target]
            The state after this bar, and the target.

        Raises
        ------
        NotImplementedError
            If the strategy has a target instead.
        """
        raise NotImplementedError
