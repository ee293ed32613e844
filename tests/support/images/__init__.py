"""Small container images made on the spot from the distribution's packages.

They behave as the official images do where testcontainers looks, and need no image registry.
"""
