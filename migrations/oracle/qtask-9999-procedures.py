"""Brings procedures and views to this version's text; `post-apply.py` makes it pending again."""

from yoyo import step

from qtask_db.install import refresh

steps = [step(refresh)]
