"""A message log in SQLite files that QuixStreams takes for a Kafka broker: see docs/adr/0001-embedded-log.md."""
