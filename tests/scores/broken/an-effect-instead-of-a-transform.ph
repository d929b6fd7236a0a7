out: s "bd sn" $ every 2 (# lpf 300 1)
