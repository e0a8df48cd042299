"""What the gateway does with orders, the venue's answers and commands: pure, `fold.step`."""
