~m # lpf 800 1 # ~m
out: saw 110 # ~m
