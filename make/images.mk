# Wheels (docs/how-to/wheels.md), images and containers (docs/how-to/docker.md).

export DOCKER ?= docker
#: The images that service= asks for; `technical_indicators` is what the topic and the deployment of indicators are called.
images = $(if $(filter all,$(service)),$(IMAGES),$(patsubst technical_indicators,indicators,$(subst -,_,$(service))))
build build-and-push sbom: model = $(or $(SHELL_ENVIRONMENT_MODEL),$(call taken_by,training))
#: Of images that are pushed; this machine's alone unless told otherwise.
platforms ?=
#: The simulator speaks as Kraken does.
COMPOSE = TRADES_EXCHANGE=$(patsubst simulator,kraken,$(market)) $(DOCKER) compose --file docker/compose.yaml \
	$(if $(filter simulator,$(market)),--file docker/compose.simulator.yaml)

#: Their folder is named after what is in it: uv goes on using what it once installed from a folder.
WHEELS = dist/wheels

.PHONY: wheels
wheels: $(filter .tools%,$(UV)) ## Build a wheel of each member into dist/wheels: the command and the libraries without this repository
	@rm -rf $(WHEELS)
	@$(UV) build --quiet --all-packages --wheel --out-dir $(WHEELS)/new
	@$(UV) export --quiet --frozen --all-packages --all-extras --no-dev --no-emit-workspace --no-hashes \
		--output-file $(WHEELS)/new/constraints.txt >/dev/null
	@folder='$(CURDIR)'/$(WHEELS)/$$(cat $(WHEELS)/new/*.whl | git hash-object --stdin | cut -c1-12); \
		mv $(WHEELS)/new "$$folder"; \
		echo "$$(ls "$$folder"/*.whl | wc -l) wheels are in $$folder. In any folder:"; \
		echo "  uvx --find-links '$$folder' --constraints '$$folder/constraints.txt' --from tradestream-embedded tradestream demo"

.PHONY: build
build: image-is-known ## Build an image, non-root and without PyTorch: service=candles, or all [model=KINDS for train, some with PyTorch]
	@for name in $(images); do docker/build.sh $$name $(model) || exit; done

.PHONY: build-and-push
build-and-push: image-is-known registry-is-named ## Build it and push it: service=candles registry=ghcr.io/me [tag=v0.2.0 beside its content's name, platforms=linux/amd64,linux/arm64], or all
	@for name in $(images); do TAG="$(tag)" PLATFORMS="$(platforms)" docker/push.sh $$name $(registry) $(model) || exit; done

.PHONY: release
release: ## Tag this commit of main as a release, after lint and tests, and push its images: version=0.2.0 [registry=ghcr.io/me]
	@python3 deployments/release.py --version="$(version)" --registry="$(registry)"

.PHONY: sbom
sbom: image-is-known $(filter .tools%,$(UV)) ## List what an image contains, as CycloneDX JSON in dist/sbom, from the lock file: service=candles, or all
	@for name in $(images); do UV=$(UV) docker/sbom.sh $$name $(model); done

.PHONY: compose-down
compose-down: ## Stop what compose-up started; its volumes stay
	@echo "Stopping docker/compose.yaml; 'docker compose --file docker/compose.yaml down --volumes' forgets its data too"
	@$(COMPOSE) down --remove-orphans
