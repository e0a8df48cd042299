"""Kafka as a log: clients, topics, permissions, errors."""
