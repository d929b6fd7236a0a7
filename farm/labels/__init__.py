"""Labels: what sounds when in a render, one event a voice, as files beside the sound file and as an array in Python."""
