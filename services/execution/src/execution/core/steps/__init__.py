"""What an account does in a minute, one step after another, as `act` calls them."""
