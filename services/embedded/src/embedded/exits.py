"""How a command ends: errors in words, and an exit code."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from loguru import logger
from rich.console import Console
from rich.text import Text

from contracts.errors import BadInputError, TradestreamError
from embedded.errors import ProcessFailedError, StopRequestedError
from results.run_folder import FolderInUseError, FolderNotOursError
from streaming.errors import SettingsError
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_FAILED, EXIT_STOPPED
from streaming.settings import ENV_FILE
from streaming.variables import set_variables, unknown_variables


@contextmanager
def errors_in_words() -> Iterator[Console]:
    """Turn the project's errors into a message and an exit code; anything else is a bug and shows itself."""
    console = Console()
    logger.remove()
    logger.add(
        lambda line: console.print(Text(str(line).rstrip()), soft_wrap=True), level="WARNING", format="{message}"
    )
    try:
        if unknown := unknown_variables(set_variables(ENV_FILE)):
            raise SettingsError("\n".join(unknown))
        yield console
    except StopRequestedError as error:
        _complain(str(error), EXIT_STOPPED)
    except KeyboardInterrupt:
        _complain("stopped at once: nothing is left running; a later run starts cleanly", EXIT_STOPPED)
    except ProcessFailedError as error:
        _complain(str(error), EXIT_BAD_SETTINGS if error.bad_setting else EXIT_FAILED)
    except (BadInputError, SettingsError, FolderNotOursError, FolderInUseError) as error:
        _complain(str(error), EXIT_BAD_SETTINGS)
    except TradestreamError as error:
        _complain(str(error), EXIT_FAILED)
    except OSError as error:  # a folder that cannot be written, a full disk: the message names it
        _complain(_file_trouble(error), EXIT_FAILED)
    except Exception as error:
        from streaming.kafka.errors import describe_kafka_error  # a slow import, and rarely needed

        words = describe_kafka_error(error)
        if words is None:
            raise
        _complain(words, EXIT_FAILED)


def _file_trouble(error: OSError) -> str:
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in what
    return f"{what}; free some space and run it again" if full else what


def _complain(message: str, exit_code: int) -> None:
    Console(stderr=True).print(Text(f"tradestream: {message}"), soft_wrap=True)
    raise typer.Exit(exit_code)
