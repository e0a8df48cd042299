# What is written from code, and compared with it by a test: each command writes its files anew.

.PHONY: graph
# The lock file first: a service whose folder is new is installed, and then becomes one of embedded's.
graph: $(filter .tools%,$(UV)) ## All that follows from contracts' list of services and topics: manifests, images, names for make, alerts, schemas, pages
	@$(UV) lock --quiet
	@$(MAKE) --no-print-directory install-dev
	@$(RUN) python -m deployments.graph
	@$(UV) lock --quiet
	@$(MAKE) --no-print-directory schemas kafka-resources dashboards docs-pages
	@$(RUN) python deployments/capacity.py >/dev/null

.PHONY: kafka-resources
kafka-resources: install-dev ## Write Strimzi's topics and users, from contracts
	@$(RUN) python deployments/platform/kafka/resources.py deployments/platform/kafka

.PHONY: schemas
schemas: install-dev ## Write the lists of feature columns, model kinds and risk rules and the messages' JSON schemas
	@$(RUN) python -m modeling.kinds_file packages/modeling/kinds.txt
	@$(RUN) python -m features.columns packages/contracts/src/contracts/feature_columns.json
	@$(RUN) python -m execution.risk_rules packages/contracts/src/contracts/risk_rules.py
	@$(RUN) python -m contracts.schemas packages/contracts/schemas

.PHONY: features-ddl
features-ddl: install-dev ## Write RisingWave's tables and views, from the messages and the feature list
	@$(RUN) python -m featurestore.ddl write deployments/base/risingwave

.PHONY: dashboards
dashboards: install-dev ## Write Grafana's dashboards and Kubernetes' copy of the alert rules
	@$(RUN) python deployments/platform/grafana/source/write.py

.PHONY: docs-pages features-page
features-page: docs-pages
docs-pages: install-dev ## Write the pages of the reference that come from code: command line, features, settings, topics
	@$(RUN) python -m docs.writers

.PHONY: notebooks
notebooks: install-dev ## Run the notebooks of examples/ and write what they print and draw; needs runs/demo (make demo)
	@$(RUN) python -m tests.examples.execute

.PHONY: docs-serve
docs-serve: install-dev ## Show the documentation site at 127.0.0.1:8000, rebuilt as pages change, until Ctrl-C
	@$(DOCS) serve
