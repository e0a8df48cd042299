"""The `tradestream` command, read off its options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from docs.writers.markdown import code, marked, table

from embedded.cli import app


def lines() -> Iterator[str]:
    """Return a section for each command."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("tradestream", ["status"])
    for name, command in group.commands.items():
        inner = type(context)(command, parent=context, info_name=name)
        for of_group, part in getattr(command, "commands", {}).items():
            yield from _section(part, type(context)(part, parent=inner, info_name=of_group), f"{name} {of_group}")
        if not hasattr(command, "commands"):
            yield from _section(command, inner, name)


def _section(command: Any, context: Any, name: str) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield from (f"## {name}", "", marked(command.help or ""), "", f"    {usage}", "")
    rows = [_row(option, context) for option in command.params if option.name != "help"]
    if rows:
        yield from (*table(("option", "default", "what"), rows), "")


def _row(option: Any, context: Any) -> tuple[str, str, str]:
    names = option.get_usage_pieces(context) if option.param_type_name == "argument" else option.opts
    shown = "" if option.default in (None, False) or callable(option.default) else str(option.default)
    return ", ".join(map(code, names)), code(shown), marked(getattr(option, "help", None) or "")
