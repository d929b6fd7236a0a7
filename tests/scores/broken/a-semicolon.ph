out: s "bd*4" # gain 0.5;
o2: s "hh*8"
