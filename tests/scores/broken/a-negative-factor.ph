out: s "bd hh" $ slow -2
