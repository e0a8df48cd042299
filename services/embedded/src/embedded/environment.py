"""The environment that every run on one machine has: the suffix of its topics and groups."""

ENVIRONMENT = "dev"
