out: s "bd*2" # ar -1 0.5
