"""Whether the gate lets noise pass, and finds what was planted."""
