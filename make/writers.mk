# What is written from code, and compared with it by a test: each command writes its files anew.

.PHONY: kafka-resources
kafka-resources: install-dev ## Write Strimzi's topics and users anew, from contracts
	@$(RUN) python deployments/platform/kafka/resources.py deployments/platform/kafka

.PHONY: schemas
schemas: install-dev ## Write the lists of feature columns and risk rules and the JSON schemas of the messages anew
	@$(RUN) python -m features.columns packages/contracts/src/contracts/feature_columns.json
	@$(RUN) python -m execution.risk_rules packages/contracts/src/contracts/risk_rules.py
	@$(RUN) python -m contracts.schemas packages/contracts/schemas

.PHONY: features-ddl
features-ddl: install-dev ## Write RisingWave's tables and views anew, from the messages and the feature list
	@$(RUN) python -m featurestore.ddl write deployments/base/risingwave

.PHONY: dashboards
dashboards: install-dev ## Write Grafana's dashboards and Kubernetes' copy of the alert rules anew
	@$(RUN) python deployments/platform/grafana/source/write.py

.PHONY: features-page
features-page: install-dev ## Write the table of features in docs/features.md anew
	@$(RUN) python -m features.page docs/features.md
