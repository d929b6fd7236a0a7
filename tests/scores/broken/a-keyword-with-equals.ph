out: saw 110 # lpf(300, q=2)
