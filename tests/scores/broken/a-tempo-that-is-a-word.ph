bpm: fast
out: s "bd"
