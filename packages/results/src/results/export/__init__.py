"""Topics to Parquet: one typed table for each message class."""
