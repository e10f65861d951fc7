"""Ways in for people, a folder each."""
