sample_rate: 48000
volume: 0.5
out: s "bd*4"
