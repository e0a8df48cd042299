"""A command line that cannot be read is answered in the project's words: what, what was expected, what came."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from embedded.errors import STOPPED_EARLY
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_STOPPED

_KINDS = {"int": "a whole number", "float": "a number"}


class InWords(TyperGroup):
    """The `tradestream` command; Typer would draw a box around words of its own."""

    def main(self, args: Sequence[str] | None = None, *more: Any, standalone_mode: bool = True, **how: Any) -> Any:
        """Run; a command line that cannot be read ends with code 2."""
        given = list(sys.argv[1:] if args is None else args)
        how["standalone_mode"] = False
        if not standalone_mode:
            return super().main(given, *more, **how)
        try:
            sys.exit(super().main(given, *more, **how))
        except Exception as error:
            if not hasattr(error, "format_message"):  # not one of Typer's: they have no class that is public
                raise
            words = _words(error, given)
            Console(stderr=True).print(Text(words), soft_wrap=True)
            sys.exit(EXIT_BAD_SETTINGS)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Typer would say nothing of Ctrl-C."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            Console(stderr=True).print(Text(f"tradestream: {STOPPED_EARLY}"), soft_wrap=True)
            sys.exit(EXIT_STOPPED)


def _words(error: Any, given: Sequence[str]) -> str:
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    found = _complaint(error, given)
    hint = f" (tradestream {error.ctx.info_name} --help)" if error.ctx and error.ctx.parent else ""
    return f"tradestream: {found}{hint}"


def _complaint(error: Any, given: Sequence[str]) -> str:
    """Return what is wrong, by the class of Typer's error and what it carries."""
    name, context = type(error).__name__, error.ctx
    parameter = getattr(error, "param", None)
    if name == "NoSuchOption":
        options = [option for each in context.command.params for option in each.opts]
        command = f"tradestream {context.info_name}" if context.parent else "tradestream"
        expected = f"an option of {command}"
        return f"{error.option_name}: expected {expected}, was none{did_you_mean(error.option_name, options)}"
    if name == "MissingParameter" and parameter is not None:
        return f"{_name_of(parameter)}: expected {parameter.help or 'a value'}, was not given"
    if name == "BadParameter" and parameter is not None:
        value = _value_of(parameter, given)
        if value is None:
            return f"{_name_of(parameter)}: expected {_expected(parameter)}"
        return str(BadInputError(_name_of(parameter), _expected(parameter), value))
    if name == "BadOptionUsage":
        return f"{error.option_name}: expected a value behind it, was none"
    if "No such command" in error.message and context is not None:
        wrong = next((word for word in given if not word.startswith("-")), "")
        commands = list(context.command.commands)
        return f"COMMAND: expected one of {', '.join(commands)}, was {wrong!r}{did_you_mean(wrong, commands)}"
    message: str = error.message
    return f"{message[:1].lower()}{message[1:].rstrip('.')}"


def _name_of(parameter: Any) -> str:
    options = [option for option in parameter.opts if option.startswith("-")]
    return options[-1] if options else str(parameter.name).upper()


def _expected(parameter: Any) -> str:
    annotation = str(getattr(getattr(parameter, "type_descriptor", None), "annotation", ""))
    kind = next((words for kind, words in _KINDS.items() if kind in annotation), "a value")
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    return f"{kind}, at least {low}" if low is not None else f"{kind}, at most {high}" if high is not None else kind


def _value_of(parameter: Any, given: Sequence[str]) -> str | None:
    """Return what was typed for an option: Typer's error does not carry it."""
    for place, word in enumerate(given):
        name, equals, value = word.partition("=")
        if name in parameter.opts:
            return value if equals else given[place + 1] if place + 1 < len(given) else None
    return None
