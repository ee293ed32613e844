"""How a run of the tests is made: on which servers, in which surroundings, side by side."""
