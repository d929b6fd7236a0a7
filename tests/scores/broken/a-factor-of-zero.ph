out: s "bd hh" $ fast 0
