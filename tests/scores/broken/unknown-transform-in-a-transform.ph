out: s "bd hh" $ every 2 (fsat 2)
