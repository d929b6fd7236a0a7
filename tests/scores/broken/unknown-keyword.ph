out: saw 110 # lpf 800 :res 2
