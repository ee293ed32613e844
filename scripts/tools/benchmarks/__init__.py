"""The cases of scripts/bench. Each compares the project with a floor that is measured beside it."""
