"""The job that trains a model, judges it and registers it in MLflow."""
