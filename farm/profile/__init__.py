"""Observers: what a render did and when, and what it would do elsewhere. Renders import nothing of this."""
