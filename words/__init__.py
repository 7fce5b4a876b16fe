"""Reply scripts, the etiquette check and the content files: pure text."""
