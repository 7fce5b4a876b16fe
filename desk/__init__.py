"""The commands, the settings and the wiring: the only package that knows all the others."""
