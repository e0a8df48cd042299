# Kafka on this machine, its topics and who may do what.

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
access: install ## Print, grant and reconcile each service's permissions on a secured Kafka [alter=yes]
	@$(RUN) python -m streaming.kafka.manage_access $(if $(alter),--alter)
