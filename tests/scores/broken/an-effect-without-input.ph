out: lpf
