"""Understands messages and finds knowledge; knows nothing of tickets or channels."""
