"""Weak labels of videos: marks of foreground and background, certain in parts only."""
