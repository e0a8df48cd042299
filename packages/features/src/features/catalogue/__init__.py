"""The features, one family per file: a file added here is found by itself."""
