"""Lets every apply run the procedures' step again: it changes only what is not current."""

from yoyo import step

from qtask_db.install import forget_refresh

steps = [step(forget_refresh)]
