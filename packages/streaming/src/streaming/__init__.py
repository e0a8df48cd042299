"""QuixStreams over Kafka or an embedded SQLite log: application factory, settings, health, metrics, dead letters."""
