"""Rendering: sessions (an arena, machine code, a plan), jobs (one score to one file), backends (where tasks run)."""
