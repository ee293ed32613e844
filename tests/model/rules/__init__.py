"""The rules of the machine, by topic; each calls a procedure and the model's verb."""
