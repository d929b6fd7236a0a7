out: saw 110 # lpf 800 1 0.5
