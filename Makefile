# Tradestream. `make` or `make help` lists the targets; arguments are name=value.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SERVICES := trades candles indicators predictions signals execution history
IMAGES   := $(SERVICES) simulator train mlflow
SHELL_ENVIRONMENT_MODEL := $(MODEL)

# --- arguments ---------------------------------------------------------------------------------------------------
model    ?= $(or $(SHELL_ENVIRONMENT_MODEL),lstm)
seed     ?= 7
hours    ?= 4
out      ?=
exchange ?= kraken
pairs    ?= BTC/USD,ETH/USD
data     ?= data/paper
file     ?=
pair     ?=
service  ?=
variant  ?= live
tests    ?= tests
workers  ?= 2
brokers  ?= 1
port     ?= 9092
part     ?= candles,latency,scale,features
logs     ?= embedded,kafka
log      ?= kafka
minutes  ?= 30
secure   ?=
KAFKA_OPTIONS = --brokers $(brokers) --port $(port) $(if $(secure),--secure)
KAFKA_USERS = data/kafka-secure/secrets/users
action   ?= list
run      ?=
store    ?=
query    ?=
registry ?=
market   ?= kraken
#: Whose log: run=FOLDER, or the configured one, or that of the demo or of `make run`.
of_log = $(if $(run),--run $(run),$(if $(TRADESTREAM_BROKER_ADDRESS),,--run $(1)))
OF_RUN = $(call of_log,runs/demo)
OF_PAPER = $(call of_log,$(data))
history_days ?=
features ?=
FEATURES = $(if $(features),INDICATORS_FEATURE_SET=$(features))

# --- uv: the one on the PATH, or one of our own in .tools ----------------------------------------------------------
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
BANDIT := $(RUN) bandit --quiet -ll --configfile pyproject.toml --recursive packages services docker deployments
DOCS := NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs
SYNC := $(UV) sync --frozen --inexact --quiet
# Only what trains a network needs it.
TORCH = $(if $(filter baseline,$(model)),,--extra torch)

.tools/bin/uv:
	@echo "uv is not installed: putting one into .tools (a virtual environment of this folder's own)"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; python3 is $$(python3 --version)"; exit 2; }
	@python3 -m venv .tools || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 2; }
	@.tools/bin/pip install --quiet --disable-pip-version-check uv

.PHONY: help
help: ## This list
	@echo "Tradestream: from trades to paper P&L, the same code in backfill, replay and live."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo
	@echo "  Services: $(SERVICES)"

.PHONY: install
install: $(filter .tools%,$(UV)) ## Install what the pipeline needs; model=baseline leaves PyTorch out
	@if [ -n "$(TORCH)" ] && ! .venv/bin/python -c 'import torch' 2>/dev/null; then \
		echo "Installing packages. The large one is PyTorch: about 5 GB on Linux (model=baseline needs none of it)."; \
	fi
	@$(SYNC) --no-dev $(TORCH)

.PHONY: install-dev
install-dev: $(filter .tools%,$(UV))
	@if [ -n "$(TORCH)" ] && ! .venv/bin/python -c 'import torch' 2>/dev/null; then \
		echo "Installing packages for the tests. The large one is PyTorch: about 5 GB on Linux" \
			"(MODEL=baseline make test leaves it and its tests out)."; \
	fi
	@$(SYNC) --all-packages $(if $(TORCH),--all-extras,--extra train --extra postgres --extra simulator)

# What follows trains nothing, so it does not ask for what training needs.
verify verify-cluster log-check dead-letters dev subscribe unsubscribe subscriptions topics access kafka-up features-sql features-gallery: model = baseline

# --- use it --------------------------------------------------------------------------------------------------------
.PHONY: demo
demo: install ## The whole pipeline on a simulated market, about 2 minutes [model=lstm|baseline features=core|full seed= hours= out=]
	@$(FEATURES) $(RUN) tradestream demo --model $(model) --seed $(seed) --hours $(hours) --out $(or $(out),runs/demo)

.PHONY: replay
replay: model = $(or $(SHELL_ENVIRONMENT_MODEL),baseline)
replay: file-is-named install ## The pipeline on recorded trades: file=TRADES out=FOLDER [pair=BTC/USD model=baseline|lstm]
	@$(FEATURES) $(RUN) tradestream replay $(file) --out $(or $(out),runs/replay) --model $(model) $(if $(pair),--pair $(pair))

.PHONY: run
run: install ## Paper trading on a real market until Ctrl-C [exchange=kraken pairs=BTC/USD,ETH/USD data= model=]
	@$(FEATURES) $(RUN) tradestream run --exchange $(exchange) --pairs $(pairs) --data $(data) --model $(model)

.PHONY: dev
dev: service-is-known install ## One service alone against the configured log: service=candles [variant=historical|live, for trades]
	@$(RUN) tradestream dev $(service) $(if $(filter trades,$(service)),--variant $(variant))

.PHONY: subscribe
subscribe: pair-is-named install ## A pair joins while everything runs: pair=ETH/USD [history_days=2 run=data/paper]
	@$(RUN) tradestream subscribe $(pair) $(OF_PAPER) $(if $(history_days),--history-days $(history_days))

.PHONY: unsubscribe
unsubscribe: pair-is-named install ## It leaves, unless somebody else asked for it too: pair=ETH/USD [run=data/paper]
	@$(RUN) tradestream unsubscribe $(pair) $(OF_PAPER)

.PHONY: subscriptions
subscriptions: install ## Which pairs stream, who asked for them, since when [run=data/paper]
	@$(RUN) tradestream subscriptions $(OF_PAPER)

.PHONY: dead-letters
dead-letters: install ## What services could not use [action=list|show|replay service= id= reason= run=FOLDER yes=yes]
	@$(RUN) tradestream dead-letters $(action) $(OF_RUN) $(if $(service),--service $(service)) $(if $(id),--id $(id)) \
		$(if $(reason),--reason $(reason)) $(if $(yes),--yes)

.PHONY: features-sql
# Through the environment and a pipe: neither make nor the shell reads what is in a query.
features-sql: export SQL = $(value query)
features-sql: install ## Example queries over the feature store of a run, or one of your own [run=runs/demo store=ADDRESS query="SELECT ..."]
	@$(if $(store),$(SYNC) --all-packages --extra postgres)
	@$(if $(value query),printf '%s' "$$SQL" |) $(RUN) python -m featurestore \
		$(or $(store),sqlite:///$(or $(run),runs/demo)/work/store.sqlite) $(if $(value query),-)

.PHONY: features-gallery
features-gallery: install ## Plot every feature on one page: of a run's candles, or of a CSV file of bars [run= pair= bars=FILE reference=FILE out=]
	@$(RUN) tradestream features-gallery $(if $(run),--run $(run)) $(if $(pair),--pair $(pair)) $(if $(bars),--bars $(bars)) \
		$(if $(reference),--reference $(reference)) $(if $(out),--out $(out))

.PHONY: service-is-known
service-is-known:
	@case " $(SERVICES) " in *" $(service) "*) ;; *) \
		echo "make $(firstword $(MAKECMDGOALS)) needs service=, one of: $(SERVICES) (was '$(service)')"; exit 2;; esac

.PHONY: pair-is-named
pair-is-named:
	@test -n "$(pair)" || { echo "make $(firstword $(MAKECMDGOALS)) needs pair=, such as pair=ETH/USD"; exit 2; }

.PHONY: file-is-named
file-is-named:
	@test -n "$(file)" || { echo "make replay needs file=, a file of recorded trades (out= and pair= may follow)"; exit 2; }

# --- Kafka ---------------------------------------------------------------------------------------------------------
.PHONY: kafka-up
kafka-up: $(if $(secure),install) ## Apache Kafka on this machine, without Docker: needs Java 17, and Maven once [brokers=1|3 port=9092 secure=yes]
	@python3 deployments/local/kafka/kafka.py up $(KAFKA_OPTIONS)
	@$(if $(secure),set -a; . $(KAFKA_USERS)/operator.env; $(RUN) python -m streaming.kafka.manage_access --users $(KAFKA_USERS))

.PHONY: kafka-down
kafka-down: ## Stop it; its data stays in data/kafka [secure=yes]
	@python3 deployments/local/kafka/kafka.py down $(KAFKA_OPTIONS)

.PHONY: topics
topics: install ## Print, create and reconcile the topics of TRADESTREAM_BROKER_ADDRESS [alter=yes]
	@$(RUN) python -m streaming.kafka.manage_topics $(if $(alter),--alter)

.PHONY: access
access: install ## Print, give and reconcile what each service's user may do on a secured Kafka [alter=yes]
	@$(RUN) python -m streaming.kafka.manage_access $(if $(alter),--alter)

# --- images (docs/how-to/docker.md) ---------------------------------------------------------------------------------------
export DOCKER ?= docker
#: The images that service= asks for; `technical_indicators` is what the topic and the deployment of indicators are called.
images = $(if $(filter all,$(service)),$(IMAGES),$(patsubst technical_indicators,indicators,$(subst -,_,$(service))))
build build-and-push sbom: model = $(or $(SHELL_ENVIRONMENT_MODEL),baseline)
#: The simulator speaks as Kraken does.
COMPOSE = TRADES_EXCHANGE=$(patsubst simulator,kraken,$(market)) $(DOCKER) compose --file docker/compose.yaml \
	$(if $(filter simulator,$(market)),--file docker/compose.simulator.yaml)

.PHONY: build
build: image-is-known ## Build an image, non-root and without PyTorch: service=candles, or all [model=lstm for train with PyTorch]
	@for name in $(images); do docker/build.sh $$name $(model); done

.PHONY: build-and-push
build-and-push: image-is-known registry-is-named ## Build it and push it: service=candles registry=ghcr.io/me, or all
	@for name in $(images); do docker/push.sh $$name $(registry) $(model); done

.PHONY: sbom
sbom: image-is-known $(filter .tools%,$(UV)) ## What an image is made of, as CycloneDX JSON in dist/sbom, from the lock file: service=candles, or all
	@for name in $(images); do UV=$(UV) docker/sbom.sh $$name $(model); done

.PHONY: compose-up
compose-up: market-is-known ## All of it in containers on this machine: history, then live [market=kraken|simulator]
	@for name in $(IMAGES); do $(DOCKER) image inspect tradestream/$$name:dev >/dev/null 2>&1 || { \
		echo "tradestream/$$name:dev is not built yet: make build service=all"; exit 2; }; done
	@echo "Starting docker/compose.yaml on the $(market) market, in the background; 'make compose-down' stops it"
	@$(COMPOSE) up --detach

.PHONY: compose-down
compose-down: ## Stop it; its volumes stay
	@echo "Stopping docker/compose.yaml; 'docker compose --file docker/compose.yaml down --volumes' forgets its data too"
	@$(COMPOSE) down --remove-orphans

# --- Kubernetes (docs/how-to/kubernetes.md) --------------------------------------------------------------------------------
env     ?= dev
tag     ?=
follow  ?=
timeout ?= 3600
parts   ?=
DEPLOY = python3 deployments/deploy.py
OF_CLUSTER = --service "$(service)" --env $(env) --variant $(variant) --market $(market) --registry "$(registry)" --tag "$(tag)"

.PHONY: cluster
cluster: ## A kind cluster with Kafka and its UI, RisingWave, MLflow, Prometheus, Grafana [parts="kafka mlflow", or none]
	@deployments/dev/kind/create_cluster.sh $(parts)

.PHONY: cluster-down
cluster-down: ## Delete it with all its data
	@kind delete cluster --name tradestream

.PHONY: build-and-deploy
build-and-deploy: ## Build a service's image and run it in the cluster: service=candles [env=dev variant=live|historical|scheduled market=kraken|simulator]
	@$(DEPLOY) known $(OF_CLUSTER)
	@$(MAKE) --no-print-directory build service=$$($(DEPLOY) image $(OF_CLUSTER))
	@$(DEPLOY) deploy $(OF_CLUSTER)

.PHONY: deploy
deploy: ## The same with the image that is there: service=candles [env= variant= market=]; with env=prod registry= tag=
	@$(DEPLOY) deploy $(OF_CLUSTER)

.PHONY: backfill
backfill: ## The Job of history, waited for, then the live service: service=candles; without service= trades, candles, indicators
	@$(DEPLOY) backfill $(OF_CLUSTER) --timeout $(timeout)

.PHONY: run-now
run-now: ## One run of what is scheduled, now: service=training, check-topics, check-data; it must be deployed [timeout=]
	@$(DEPLOY) run-now $(OF_CLUSTER) --timeout $(timeout)

.PHONY: shutdown
shutdown: ## Take a service out of the cluster; topics and files stay: service=candles [env= variant=]
	@$(DEPLOY) shutdown $(OF_CLUSTER)

.PHONY: logs
logs: ## What a service's pods have said: service=candles [variant= follow=yes]
	@$(DEPLOY) logs $(OF_CLUSTER) $(if $(follow),--follow)

.PHONY: status
status: ## What runs in the cluster
	@$(DEPLOY) status

.PHONY: port-forward
port-forward: ## Kafka UI 8182, RisingWave 4567, MLflow 5000, Grafana 3000, Prometheus 9090 on this machine, until Ctrl-C
	@$(DEPLOY) port-forward

.PHONY: log-check
log-check: install ## What TRADESTREAM_BROKER_ADDRESS holds, against itself: trades or windows missing, ids with two values
	@$(RUN) python deployments/log_check.py

.PHONY: verify-cluster
verify-cluster: install ## Replay what is on a kind cluster's Kafka with the cluster's settings and models: 0 mismatches
	@deployments/verify_cluster.sh

.PHONY: kube-check
kube-check: install-dev ## Every manifest against Kubernetes' schemas, and against the API server of kubectl's context
	@$(RUN) python deployments/check.py

.PHONY: kafka-resources
kafka-resources: install-dev ## Write Strimzi's topics and users anew, from contracts
	@$(RUN) python deployments/platform/kafka/resources.py deployments/platform/kafka

.PHONY: image-is-known
image-is-known:
	@case " $(IMAGES) all " in *" $(images) "*|*" $(service) "*) ;; *) \
		echo "make $(firstword $(MAKECMDGOALS)) needs service=, one of: $(IMAGES), all (was '$(service)')"; exit 2;; esac

.PHONY: registry-is-named
registry-is-named:
	@test -n "$(registry)" || { echo "make $(firstword $(MAKECMDGOALS)) needs registry=, such as registry=ghcr.io/me"; exit 2; }

.PHONY: market-is-known
market-is-known:
	@case " kraken coinbase binance simulator " in *" $(market) "*) ;; *) \
		echo "make $(firstword $(MAKECMDGOALS)) needs market=, one of: kraken, coinbase, binance, simulator (was '$(market)')"; exit 2;; esac

# --- prove it ------------------------------------------------------------------------------------------------------
.PHONY: verify
verify: install ## Replay a log's trades and compare with what was published [run=FOLDER from= to= stage= against= out=FILE.jsonl]
	@$(RUN) tradestream verify $(OF_RUN) $(if $(from),--from $(from)) $(if $(to),--to $(to)) \
		$(if $(stage),--stage $(stage)) $(if $(against),--against $(against)) $(if $(out),--out $(out))

.PHONY: test
test: install-dev ## Install what the tests need, then run all of them [tests=PATH workers=2]
	@$(RUN) pytest -n $(workers) --dist loadfile --no-loadscope-reorder $(tests)

.PHONY: lint
lint: install-dev ## ruff (lint and format), mypy (strict on contracts and cores), bandit (careless code), the documentation's links
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(BANDIT)
	@$(DOCS) build --strict 2>&1 | { grep -v "^INFO" || true; }

.PHONY: security
security: install-dev ## bandit; no secret in git; what a pod, a container and a Kafka user may; what the images are made of
	@$(BANDIT)
	@$(RUN) pytest -n $(workers) tests/security tests/deployments/test_least_privilege.py tests/docker/test_sbom.py tests/docker/test_dockerfiles.py

.PHONY: audit
audit: install-dev ## Known vulnerabilities of all locked packages, asked of PyPI: needs the internet
	@$(UV) export --quiet --frozen --all-packages --no-dev --no-emit-workspace --extra train --extra postgres --extra simulator | \
		$(UV) tool run --quiet pip-audit==2.10.1 --strict --disable-pip --require-hashes --requirement /dev/stdin

.PHONY: format
format: install-dev ## Format the code and mend what ruff can mend
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

.PHONY: members
members: install-dev ## Prove each member's dependencies: installed alone, all modules imported, its topology test run
	@$(RUN) python -m tests.members

.PHONY: fuzz
fuzz: install-dev ## Nearly right input to every parser: no crash, nothing silently accepted or lost [inputs=1000000 seed=]
	@$(RUN) python -m tests.fuzz --inputs $(or $(inputs),1000000) --seed $(or $(filter-out 7,$(seed)),1)

.PHONY: chaos
chaos: install-dev ## Kill and break all through live markets, compare every topic [seed= kills= log=embedded|kafka|both]
	@$(RUN) python -m tests.chaos --seed $(seed) --kills $(or $(kills),50) --log $(or $(log),both)

.PHONY: kafka-sweep
kafka-sweep: install-dev ## Real Kafka for minutes: SIGKILLs, one of three brokers lost, replicas 1 -> 3 -> 2 [seed= kills=]
	@KAFKA_SWEEP_SEED=$(seed) KAFKA_SWEEP_KILLS=$(or $(kills),9) $(RUN) pytest -s tests/kafka/test_kafka_sweep.py tests/kafka/test_kafka_replicas.py

.PHONY: bench
bench: install-dev ## Measure speed, latency, scale and features beside peers, about 22 minutes [part=candles,latency,scale,features logs=embedded,kafka]
	@$(SYNC) --all-packages --group bench
	@$(RUN) python -m benchmarks --part=$(part) --logs=$(logs)

.PHONY: scale-plan
scale-plan: install-dev ## Cores, memory and disk for a load, from measured figures: pairs=100 rate=1000 (trades a second) [accounts=1]
	@$(RUN) python -m benchmarks.scale_plan --pairs $(if $(filter command line,$(origin pairs)),$(pairs),100) --rate $(or $(rate),1000) --accounts $(or $(accounts),1)

.PHONY: soak
soak: install-dev ## All services at full speed for a while; memory, lag and files must stay flat [minutes=30 log=kafka|embedded]
	@$(RUN) python -m benchmarks.soak --minutes=$(minutes) --log=$(log)

.PHONY: dashboards-check
dashboards-check: install-dev ## Ask every panel's query of a real Prometheus and PostgreSQL that a live run fills; one alert delivered
	@tests/observability/install.sh
	@$(RUN) python -m tests.observability.live

.PHONY: sizes
sizes: install-dev ## Sizes of functions and files, the largest first
	@$(RUN) python -m tests.architecture.sizes

.PHONY: schemas
schemas: install-dev ## Write the JSON schemas of the messages anew
	@$(RUN) python -m contracts.schemas packages/contracts/schemas

.PHONY: features-ddl
features-ddl: install-dev ## Write RisingWave's tables and views anew, from the messages and the feature list
	@$(RUN) python -m featurestore.ddl write deployments/base/risingwave

.PHONY: dashboards
dashboards: install-dev ## Write Grafana's dashboards and Kubernetes' copy of the alert rules anew
	@$(RUN) python deployments/platform/grafana/source/write.py

.PHONY: docs
docs: install-dev ## Build the documentation site into dist/docs
	@$(DOCS) build 2>&1 | { grep -v "^INFO" || true; }
	@echo "Open dist/docs/index.html"

.PHONY: docs-serve
docs-serve: install-dev ## Show the documentation site at 127.0.0.1:8000 and rebuild it as its pages change, until Ctrl-C
	@$(DOCS) serve

.PHONY: docs-pages
docs-pages: install-dev ## Write the parts of the reference that come from code: command line, settings, topics
	@$(RUN) python -m docs.writers

.PHONY: features-page
features-page: install-dev ## Write the table of features in docs/reference/features.md anew
	@$(RUN) python -m features.page docs/reference/features.md

.PHONY: clean
clean: ## Remove what runs leave behind (runs/), not the environment
	@rm -rf runs .mypy_cache .ruff_cache .hypothesis
