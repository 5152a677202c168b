"""Bytes to values and back: frames, headers, bodies, properties. Pure: no I/O, no clock."""
