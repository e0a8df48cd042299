"""How far what a venue made of an account is from what paper would have made of it."""
