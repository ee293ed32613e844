"""Brings procedures and views to the text of this version. `post-apply.py` makes it pending again."""

from yoyo import step

from qtask_db.install import refresh

steps = [step(refresh)]
