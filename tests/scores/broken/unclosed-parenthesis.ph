out: (saw 110 + (sine 220 * 0.5) # lpf 800 1
