"""Patterns: cyclic, exact, answered as arrays. Knows nothing of audio."""
