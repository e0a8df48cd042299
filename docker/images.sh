#!/bin/sh
# What is installed in an image, as arguments of `uv sync` and `uv export`: docker/images.sh candles
# The one place for it: the Dockerfiles and `make sbom` ask here. Whoever keeps a SQL store has the driver of one.
store="--package tradestream-featurestore --extra postgres"
# make graph writes names:
services="trades, candles, indicators, predictions, signals, execution, history"
# until here
case "$1" in
  # make graph writes services:
  trades | history) echo "--package tradestream-$1" ;;
  candles | indicators | predictions | signals | execution) echo "--package tradestream-$1 $store" ;;
  # until here
  simulator) echo "--package tradestream-exchanges --extra simulator" ;;
  train-baseline) echo "--package tradestream-predictions --extra train $store" ;;
  train-lstm) echo "--package tradestream-predictions --extra train --extra torch $store" ;;
  *)
    echo "expected $services, simulator, train-baseline or train-lstm, was '$1'" >&2
    exit 2
    ;;
esac
