"""Feature rows to predictions with models from the MLflow registry."""
