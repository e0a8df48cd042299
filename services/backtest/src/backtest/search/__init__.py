"""Which parameters, exits and sizes earn most on the engine, every try counted."""
