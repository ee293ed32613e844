"""Small container images made on the spot from the distribution's packages.

In all that testcontainers looks at they behave as the official images do. They need no registry.
"""
