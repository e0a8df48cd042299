"""`python -m training`: train a model, register it, promote it if it deserves it."""

from __future__ import annotations

from streaming.settings import load_settings
from training.settings import TrainingSettings
from training.train import train

if __name__ == "__main__":
    raise SystemExit(train(load_settings(TrainingSettings)))
