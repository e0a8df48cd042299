"""`python -m exchanges.simulator`: run the simulated venue until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence

from loguru import logger
from pydantic import ValidationError

from contracts.validation_errors import expectation, shown
from exchanges.simulator.server import simulator
from exchanges.simulator.settings import SimulatorSettings


async def serve(settings: SimulatorSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with simulator(settings):
        await stop.wait()
    logger.info("simulated venue stopped")


def main(arguments: Sequence[str] = ()) -> int:
    """Read the settings and serve; the settings are variables, so no argument is taken but a question for them."""
    if list(arguments) in (["-h"], ["--help"]):
        print(_usage())
        return 0
    if arguments:
        logger.error(
            "expected no arguments, as settings are variables (--help lists them), was {}", " ".join(arguments)
        )
        return 2
    try:
        settings = SimulatorSettings()
    except ValidationError as error:
        for complaint in error.errors(include_url=False):
            field, *inside = complaint["loc"] or ("",)
            name = f"SIMULATOR_{field}".upper() + "".join(f"[{part}]" for part in inside)
            logger.error("{}: expected {}, was {}", name, expectation(complaint), shown(name, complaint["input"]))
        return 2
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        logger.error("cannot listen on {}:{}: {}", settings.host, settings.port, error)
        return 1
    return 0


def _usage() -> str:
    lines = [
        "usage: python -m exchanges.simulator",
        "",
        "A simulated venue until SIGTERM. Its settings are variables:",
        "",
    ]
    for name, field in SimulatorSettings.model_fields.items():
        default = "" if field.default is None else f" [{field.default}]"
        lines.append(f"  {'SIMULATOR_' + name.upper():<32} {field.description}{default}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
