"""A page that plots every feature on the bars of a run or a file, for people to look at."""
