"""The features, a family to a file; a file added here is found by itself (`features`)."""
