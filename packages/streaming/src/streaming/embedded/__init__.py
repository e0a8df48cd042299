"""A log in SQLite files that QuixStreams takes for a Kafka broker (docs/explanation/adr/0001-embedded-log.md)."""
