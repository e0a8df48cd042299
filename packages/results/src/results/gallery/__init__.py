"""A page that plots every feature on bars of a run or of a file: for eyes, which see what tests do not ask."""
