# What proves and measures it.

.PHONY: test-long
test-long: install-dev ## All tests there are [tests=PATH workers=4]
	@$(RUN) $(PYTEST) $(tests)

.PHONY: security
security: install-dev ## bandit; no secret in git; rights of pods, containers and Kafka users; contents of images
	@$(BANDIT)
	@$(RUN) python -m tests.security.secrets
	@$(RUN) pytest -n $(workers) tests/security tests/deployments/test_least_privilege.py tests/docker/test_sbom.py tests/docker/test_dockerfiles.py

.PHONY: audit
audit: install-dev ## Ask PyPI for known vulnerabilities of all locked packages; needs the internet
	@$(UV) export --quiet --frozen --all-packages --no-dev --no-emit-workspace --extra train --extra postgres --extra simulator | \
		$(UV) tool run --quiet pip-audit==2.10.1 --strict --disable-pip --require-hashes --requirement /dev/stdin

.PHONY: format
format: install-dev ## Format the code and fix what ruff can fix
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

.PHONY: coverage
coverage: install-dev ## Lines and branches of product code that `make test` runs, in all its processes; long=yes: and what test-long adds [tests=]
	@$(RUN) python -m tests.coverage $(if $(long),--long) $(filter-out pytest,$(PYTEST)) $(tests)

.PHONY: members
members: install-dev ## Prove each member's dependencies: installed alone, all modules imported, the first tests of its topology run
	@$(RUN) python -m tests.members

.PHONY: fuzz
fuzz: install-dev ## Feed almost valid input to every parser: no crash, nothing accepted or lost silently [inputs=1000000 seed=]
	@$(RUN) python -m tests.fuzz --inputs $(or $(inputs),1000000) --seed $(or $(filter-out 7,$(seed)),1)

.PHONY: chaos
chaos: install-dev ## Kill and break everything during live markets, then compare every topic [seed= kills= log=embedded|kafka|both], or orders at a venue [part=orders signals= without= venue=kraken|coinbase|binance], or a live run with them, verified and explained [part=live minutes= store=postgres venue=kraken|coinbase|binance], or two days on paper, backtested [part=paper]
	@$(if $(filter orders,$(part)),\
		$(RUN) python -m tests.chaos.orders --seed $(seed) --kills $(or $(kills),50) --signals $(or $(signals),10000) $(call option,without) $(call option,venue),\
	$(if $(filter paper,$(part)),\
		$(RUN) python -m tests.chaos.paper_days --seed $(seed) --kills $(or $(kills),3),\
	$(if $(filter live,$(part)),\
		$(RUN) python -m tests.chaos.live_orders --seed $(seed) --kills $(or $(kills),10) --minutes $(or $(filter-out 30,$(minutes)),4) $(call option,store) $(call option,venue),\
		$(RUN) python -m tests.chaos --seed $(seed) --kills $(or $(kills),50) --log $(or $(log),both))))

.PHONY: kafka-sweep
kafka-sweep: install-dev ## Real Kafka for minutes: SIGKILLs, one of three brokers lost, replicas 1 -> 3 -> 2 [seed= kills=]
	@KAFKA_SWEEP_SEED=$(seed) KAFKA_SWEEP_KILLS=$(or $(kills),9) $(RUN) pytest -s tests/kafka/test_kafka_sweep.py tests/kafka/test_kafka_replicas.py

.PHONY: scale-plan
scale-plan: install-dev ## Cores, memory and disk for a load, from measured figures: pairs=100 rate=1000 (trades a second) [accounts=1]
	@$(RUN) python -m benchmarks.scale_plan --pairs $(or $(pairs),100) --rate $(or $(rate),1000) --accounts $(or $(accounts),1)

.PHONY: gate-study
gate-study: install-dev ## Whether noise passes the gate, and what is planted does: hours, stopped and gone on with [studies=noise,search,a,b,c,costs,hours,calibration kinds= seeds=20 nights=0]
	@nice $(RUN) python -W ignore -m benchmarks.gate.study --studies $(studies) --seeds $(seeds) --nights $(nights) --keep runs/gate-study.jsonl $(call option,kinds)

.PHONY: gate-real
gate-real: install-dev ## What the gate says of every kind of model that is installed, on recorded bars, about two minutes [bars=FILE pair=BTC/USD horizon=5 kinds=lstm,logistic]
	@nice $(RUN) python -m benchmarks.gate.real $(call option,pair) $(call option,horizon) $(call option,kinds) $(if $(value bars),-- $(call given,bars))

.PHONY: psi-study
psi-study: install-dev ## How often the stability index of inputs is a false alarm, and what it finds: about ten minutes [seeds=10]
	@nice $(RUN) python -m benchmarks.gate.stability --seeds $(seeds)

.PHONY: soak
soak: install-dev ## All services at full speed for a while; memory, lag and files must stay flat [minutes=30 log=kafka|embedded]
	@$(RUN) python -m benchmarks.soak --minutes=$(minutes) --log=$(log)

.PHONY: dashboards-check
dashboards-check: install-dev ## Ask every panel's query of a real Prometheus and PostgreSQL that a live run fills; one alert delivered
	@tests/observability/install.sh
	@$(RUN) python -m tests.observability.live

.PHONY: dashboards-draw
dashboards-draw: install-dev ## Draw what dashboards-check kept: a page and, where Chromium is, a picture of each dashboard
	@$(RUN) python -m tests.observability.live.drawing

.PHONY: dashboards-lint
dashboards-lint: install-dev ## Ask Grafana's dashboard-linter, where it is installed; its rules are tests too
	@$(RUN) python -m tests.observability.live.linting

.PHONY: sizes
sizes: install-dev ## Sizes of functions and files, the largest first
	@$(RUN) python -m tests.architecture.sizes
