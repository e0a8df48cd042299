# Kubernetes (docs/how-to/kubernetes.md).

env     ?= dev
tag     ?=
follow  ?=
timeout ?= 3600
parts   ?=
charts  ?=
force   ?=
DEPLOY = python3 deployments/deploy.py
OF_CLUSTER = --service "$(service)" --env $(env) --variant $(variant) --market $(market) --registry "$(registry)" --tag "$(tag)"

.PHONY: doctor
doctor: ## Whether this machine can have the cluster: tools, Docker, cores, memory, disk, ports; what to install [parts= force=1]
	@python3 deployments/doctor.py $(if $(force),--force) $(parts)

.PHONY: cluster-down
cluster-down: ## Delete the kind cluster with all its data
	@kind delete cluster --name tradestream

.PHONY: build-and-deploy
build-and-deploy: ## Build a service's image and run it in the cluster: service=candles [env=dev variant=live|historical|scheduled market=kraken|coinbase|binance|simulator]
	@$(DEPLOY) known $(OF_CLUSTER)
	@$(MAKE) --no-print-directory build service=$$($(DEPLOY) image $(OF_CLUSTER))
	@$(DEPLOY) deploy $(OF_CLUSTER)

.PHONY: deploy
deploy: ## The same with the existing image: service=candles [env= variant= market=]; with env=prod registry= tag=
	@$(DEPLOY) deploy $(OF_CLUSTER)

.PHONY: backfill
backfill: ## Run the Job of history, wait for it, then start the live service: service=candles; without service= trades, candles, indicators
	@$(DEPLOY) backfill $(OF_CLUSTER) --timeout $(timeout)

.PHONY: run-now
run-now: ## Run a scheduled job once, now: service=training, check-topics, check-data; it must be deployed [timeout=]
	@$(DEPLOY) run-now $(OF_CLUSTER) --timeout $(timeout)

.PHONY: shutdown
shutdown: ## Take a service out of the cluster; topics and files stay: service=candles [env= variant=]
	@$(DEPLOY) shutdown $(OF_CLUSTER)

.PHONY: logs
logs: ## Show the logs of a service's pods: service=candles [variant= follow=yes]
	@$(DEPLOY) logs $(OF_CLUSTER) $(if $(follow),--follow)

.PHONY: status
status: ## Show what runs in the cluster
	@$(DEPLOY) status

.PHONY: port-forward
port-forward: ## Kafka UI 8182, RisingWave 4567, MLflow 5000, Grafana 3000, Prometheus 9090 on this machine, until Ctrl-C
	@$(DEPLOY) port-forward

.PHONY: log-check
log-check: install ## Check the log at TRADESTREAM_BROKER_ADDRESS for missing trades or windows and ids with two values
	@$(RUN) python deployments/log_check.py

.PHONY: verify-cluster
verify-cluster: install ## Replay what is on a kind cluster's Kafka with the cluster's settings and models: 0 mismatches
	@deployments/verify_cluster.sh

.PHONY: kube-check
kube-check: install-dev ## Check every manifest and chart: schemas, admission, users, requests; and on the API server of kubectl's context [charts=FOLDER]
	@deployments/admission/build.sh
	@$(RUN) python deployments/check.py $(if $(value charts),--charts $(call given,charts))

.PHONY: image-digests
image-digests: ## Ask the registries for the digest of every public image, record it, and fail if a tag was moved
	@python3 deployments/charts.py digests

.PHONY: planted-faults
planted-faults: install-dev ## Plant each fault that once kept the cluster from coming up: which check finds it, in how many seconds
	@deployments/admission/build.sh
	@PYTHONPATH=deployments:deployments/platform/kafka $(RUN) python -m tests.deployments.planted_faults

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
