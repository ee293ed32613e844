"""The verbs of the model, by topic; those of the machine's rules are the same."""
