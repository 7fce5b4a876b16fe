"""Finds addresses, telephones, money, times, people and things in a message."""
