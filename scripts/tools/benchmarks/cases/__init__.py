"""Each case is a module with a function that measures it, and figures it returns."""
