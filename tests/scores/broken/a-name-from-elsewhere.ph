out: s "bd*4" # cutoff 300 # resonance 0.3 # room 0.4 # shape 0.2
