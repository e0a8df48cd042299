"""What an account orders: ids, sizes, placing, the steps of an order's life, and those that have ended."""
