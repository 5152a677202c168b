"""What can go wrong in the harness itself, as one family."""


class HarnessError(Exception):
    """The message names the thing, the value and the fix."""
