"""All accounts of an owner as one state: limits hold over their sum, and a breach stops each in the same step."""
