"""Where a search looks for boosted trees: the names are LightGBM's."""

from __future__ import annotations

from modeling.hyperparameter import Hyperparameter

#: By default small trees of many samples each: in markets there is little to find, and much to mistake for something.
SEARCH_SPACE = {
    "learning_rate": Hyperparameter(0.05, 0.01, 0.2, log=True),
    "num_leaves": Hyperparameter(8, 3, 31),
    "min_data_in_leaf": Hyperparameter(100, 20, 500, log=True),
    "lambda_l2": Hyperparameter(10.0, 0.1, 100.0, log=True),
    "feature_fraction": Hyperparameter(0.7, 0.3, 1.0),
}
