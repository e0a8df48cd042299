# Written by `make graph`: change packages/contracts or deployments/graph, not this file.
SERVICES := trades candles indicators predictions signals execution gateway history
IMAGES   := $(SERVICES) simulator train study mlflow
