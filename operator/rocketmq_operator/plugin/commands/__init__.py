"""The commands: each asks for what it needs and hands plain data to a pure module."""
