"""The same work done by other task systems, side by side in one run."""
