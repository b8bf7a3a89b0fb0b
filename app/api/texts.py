"""What texts a request may bring."""

NO_NUL = r"^[^\x00]*$"
"""Any text but one with the NUL character, which Postgres can't hold."""
