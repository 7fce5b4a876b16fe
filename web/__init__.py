"""The doors in a browser: the residents' chat page and the staff console."""
