"""Plays days of a community on a simulated clock against the desk's own code, and says what came of it."""
