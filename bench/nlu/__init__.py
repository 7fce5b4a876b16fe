"""How well and how fast messages are understood; the README beside this says what came out."""
