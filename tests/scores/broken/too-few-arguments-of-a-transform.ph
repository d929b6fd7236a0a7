out: s "bd hh" $ stut 4
