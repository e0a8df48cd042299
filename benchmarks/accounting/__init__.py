"""Our books beside those that other libraries keep of the same strategy."""
