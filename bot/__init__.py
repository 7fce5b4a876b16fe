"""The conversation: dialogue, forms, turns, delivery and the message channels."""
