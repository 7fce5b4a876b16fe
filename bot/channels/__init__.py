"""The doors of the desk through which messages come and go."""
