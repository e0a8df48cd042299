"""`python -m predictions [serve]` serves the promoted model, `replay` predicts again."""

from __future__ import annotations

import sys

from predictions.replay import replay
from predictions.serve import serve
from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_BAD_SETTINGS
from streaming.settings import load_settings

_USAGE = "usage: python -m predictions [serve | replay]"


def main(arguments: list[str]) -> int:
    """Run the command."""
    match arguments:
        case [] | ["serve"]:
            return serve(load_settings(PredictionsSettings))
        case ["replay"]:
            return replay(load_settings(PredictionsSettings))
        case ["-h" | "--help"]:
            print(_USAGE)
            return 0
        case ["train"]:
            print("training is a service of its own: python -m training", file=sys.stderr)
        case _:
            print(f"{_USAGE}, was {' '.join(arguments)!r}", file=sys.stderr)
    return EXIT_BAD_SETTINGS


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
