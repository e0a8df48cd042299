"""What people read of a run: tables, statistics, the report, the gallery of features."""
