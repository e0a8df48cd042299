"""`python -m predictions [serve]` serves the promoted model, `train` trains one, `replay` predicts again."""

from __future__ import annotations

import sys

from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_BAD_SETTINGS
from streaming.settings import load_settings

_USAGE = "usage: python -m predictions [serve | train | replay]"


def main(arguments: list[str]) -> int:
    """Run the command; each imports only the libraries it needs."""
    match arguments:
        case [] | ["serve"]:
            from predictions.serve import serve

            return serve(load_settings(PredictionsSettings))
        case ["train"]:
            from training.train import train

            return train(load_settings(PredictionsSettings))
        case ["replay"]:
            from predictions.replay import replay

            return replay(load_settings(PredictionsSettings))
        case ["-h" | "--help"]:
            print(_USAGE)
            return 0
        case _:
            print(f"{_USAGE}, was {' '.join(arguments)!r}", file=sys.stderr)
            return EXIT_BAD_SETTINGS


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
