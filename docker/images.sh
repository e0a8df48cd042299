#!/bin/sh
# What is installed in an image, as arguments of `uv sync` and `uv export`: docker/images.sh candles
# The one place for it: the Dockerfiles and `make sbom` ask here. Whoever keeps a SQL store has the driver of one.
store="--package tradestream-featurestore --extra postgres"
# make graph writes names:
services="trades, candles, indicators, predictions, signals, execution, gateway, history"
# until here
kinds=$(dirname "$0")/../packages/modeling/kinds.txt # of models: name, and the extra it needs or a dash

wrong() {
  trains=$(sed -n 's/^\([^# ]*\) .*/, train-\1/p' "$kinds" | tr -d '\n')
  echo "expected $services, simulator, study$trains, was '$1'" >&2
  exit 2
}

case "$1" in
  # make graph writes services:
  trades | gateway | history) echo "--package tradestream-$1" ;;
  candles | indicators | predictions | signals | execution) echo "--package tradestream-$1 $store" ;;
  # until here
  simulator) echo "--package tradestream-exchanges --extra simulator" ;;
  # The tradestream command, for whom RisingWave's candles are a market.
  study) echo "--package tradestream-embedded --extra search $store" ;;
  train-*)
    extra=$(awk -v kind="${1#train-}" '$1 == kind { print $2 }' "$kinds")
    [ -n "$extra" ] || wrong "$1"
    [ "$extra" = - ] && extra= || extra="--extra $extra"
    echo "--package tradestream-training $extra"
    ;;
  *) wrong "$1" ;;
esac
