"""The Telegram door: what residents write to a bot, and what the desk sends them by it."""
