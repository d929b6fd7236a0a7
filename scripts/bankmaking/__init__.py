"""Recipes for the sounds of the built-in bank."""
