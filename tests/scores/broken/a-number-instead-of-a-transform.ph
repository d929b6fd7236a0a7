out: s "bd" $ every 2 3
