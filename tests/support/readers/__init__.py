"""A package with one agent, in the place of the real reader."""
