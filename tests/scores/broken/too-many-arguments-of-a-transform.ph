out: s "bd" $ fast 2 3
