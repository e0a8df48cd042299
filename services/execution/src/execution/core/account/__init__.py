"""What an account has: money, positions, prices, and the one place where money moves."""
