"""Decides what the desk does about one turn; pure, nothing here reads or writes."""
