out: s "bd*4"
s "hh*8" # gain 0.5
