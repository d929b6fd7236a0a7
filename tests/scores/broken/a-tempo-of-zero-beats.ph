bpm: 0
out: s "bd"
