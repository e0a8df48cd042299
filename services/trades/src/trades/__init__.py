"""Market trades from a venue, the simulator or recorded files to the trades topic."""
