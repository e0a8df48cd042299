"""Orders of live accounts to their venue, and what became of them back to execution."""
