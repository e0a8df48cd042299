"""What a venue says of an account: its orders, what was executed, what it has, and why something was refused."""
