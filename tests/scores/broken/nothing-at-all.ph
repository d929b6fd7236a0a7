tempo: 0.5
out:
