# Tradestream. `make` or `make help` lists what is needed most; arguments are name=value. The rest is in make/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

include make/graph.mk make/arguments.mk make/run.mk make/kafka.mk make/images.mk make/cluster.mk make/checks.mk make/writers.mk

#: The targets of a file with what they do.
list_of = grep -hE '^[a-z-]+:.*\#\# ' $(1) | sed -E 's/:.*\#\# /\t/; s/=KINDS/=$(KIND_NAMES)/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: help
help: ## This list
	@echo "Tradestream: from trades to paper P&L, the same code in backfill, replay and live."
	@echo
	@$(call list_of,Makefile)
	@echo
	@echo "  Services: $(SERVICES)"

.PHONY: help-all
help-all: ## Every target: Kafka, images, the cluster, checks, what is written from code
	@$(foreach file,$(MAKEFILE_LIST),$(if $(shell grep -lE '^[a-z-]+:.*## ' $(file)),echo; echo "$(file)"; $(call list_of,$(file));))

.PHONY: install
install: $(filter .tools%,$(UV)) ## Install what the pipeline needs; PyTorch only if the model needs it [model=KINDS]
	@if [ "$(EXTRA)" = torch ] && ! .venv/bin/python -c 'import torch' 2>/dev/null; then \
		echo "Installing packages. The large one is PyTorch: about 5 GB on Linux." \
			"Without it: make $(firstword $(MAKECMDGOALS)) model=$(call taken_by,training)"; \
	fi
	@$(SYNC) --no-dev $(addprefix --extra ,$(EXTRA))

.PHONY: demo
demo: install ## The whole pipeline on a simulated market, about 2 minutes [model=KINDS models=FOLDER features=core|full seed= hours= out= replace=yes accounts=FILE balance= fee_bps= pairs= interval= horizon=]
	@$(FEATURES) $(RUN) tradestream demo --model=$(call quoted,$(model)) $(call option,seed) $(call option,hours) $(REPLACE) \
		--out=$(call quoted,$(or $(value out),runs/demo)) $(call option,models) $(OF_USER)

.PHONY: replay
replay: model = $(or $(SHELL_ENVIRONMENT_MODEL),$(call taken_by,training))
# One file, whatever its name; what is no file may be several, or a pattern: file="a.csv b.csv", file='trades/*.csv'.
replay: file-is-named install ## The pipeline on recorded trades: file=TRADES out=FOLDER [pair=BTC/USD steps=0.01,0.00001 model=KINDS models=FOLDER keep=no replace=yes accounts=FILE balance= fee_bps= pairs= interval= horizon=]
	@file=$(call given,file); files=("$$file"); words=($$file); \
	[ -e "$$file" ] || [ ! -e "$${words[0]-}" ] || files=("$${words[@]}"); \
	$(FEATURES) $(RUN) tradestream replay $(REPLACE) --out=$(call quoted,$(or $(value out),runs/replay)) --model=$(call quoted,$(model)) \
		$(call option,pair) $(call option,steps) $(call option,models) $(if $(filter no,$(value keep)),--no-keep) $(OF_USER) -- "$${files[@]}"

.PHONY: run
# Without model= the kind that can be trained with what is installed: nobody waits for PyTorch who did not ask for it.
run: model = $(SHELL_ENVIRONMENT_MODEL)
run: install ## Paper trading until Ctrl-C, on a real market or a simulated one [exchange=kraken|simulator speed= pairs=BTC/USD,ETH/USD data= model= accounts=FILE balance= fee_bps= interval= horizon=]
	@$(FEATURES) $(RUN) tradestream run $(call option,exchange) $(call option,data) $(call option,speed) \
		$(if $(model),--model=$(call quoted,$(model))) $(OF_USER)

.PHONY: dev
dev: service-is-known install ## One service alone against the configured log: service=candles [variant=historical|live, for trades]
	@$(RUN) tradestream dev $(if $(filter trades,$(service)),$(call option,variant)) -- $(call given,service)

.PHONY: verify
verify: install ## Replay a log's trades and compare with what was published [run=FOLDER from= to= stage= against= out=FILE.jsonl]
	@$(RUN) tradestream verify $(OF_RUN) $(call option,from) $(call option,to) $(call option,stage) \
		$(call option,against) $(call option,out)

.PHONY: compose-up
compose-up: market-is-known ## All of it in containers on this machine: history, then live [market=kraken|simulator]
	@for name in $(IMAGES); do $(DOCKER) image inspect tradestream/$$name:dev >/dev/null 2>&1 || { \
		echo "tradestream/$$name:dev is not built yet: make build service=all"; exit 2; }; done
	@echo "Starting docker/compose.yaml on the $(market) market, in the background; 'make compose-down' stops it"
	@$(COMPOSE) up --detach

.PHONY: cluster
cluster: ## A kind cluster with Kafka and its UI, RisingWave, MLflow, Prometheus, Grafana [parts="kafka mlflow", or none; force=1]
	@FORCE=$(force) deployments/dev/kind/create_cluster.sh $(parts)

# Workers take file after file, in the order that tests/conftest.py gives them: the longest first.
PYTEST = pytest -n $(workers) --dist loadfile --no-loadscope-reorder

.PHONY: test
test: install-dev ## The tests, the long ones left out, in 13 minutes [tests=PATH workers=4]
	@$(RUN) $(PYTEST) -m "not long" $(if $(durations),--write-durations) $(tests)

.PHONY: lint
lint: install-dev ## ruff (lint and format), secrets in git, mypy (strict), bandit (careless code), public docstrings, mkdocs (dead links)
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) python -m tests.security.secrets
	@$(RUN) mypy
	@$(RUN) python -m tests.architecture.docstrings
	@$(BANDIT)
	@$(DOCS) build --strict 2>&1 | { grep -v '^INFO' || true; }

.PHONY: docs
docs: install-dev ## Build the documentation site into dist/docs
	@$(DOCS) build 2>&1 | { grep -v '^INFO' || true; }
	@echo "Open dist/docs/index.html"

.PHONY: bench
bench: install-dev ## Measure speed, latency, scale and features beside peers, about 22 minutes [part=candles,latency,scale,features logs=embedded,kafka]
	@$(SYNC) --all-packages --group bench
	@$(RUN) python -m benchmarks --part=$(part) --logs=$(logs)

.PHONY: clean
clean: ## Remove what runs leave behind (runs/), not the environment
	@rm -rf runs .mypy_cache .ruff_cache .hypothesis
