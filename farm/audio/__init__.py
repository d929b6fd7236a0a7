"""Sound files in and out, and measurements on frames. Import the submodules; this package loads nothing itself."""
