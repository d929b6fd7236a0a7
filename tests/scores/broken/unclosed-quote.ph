out: s "bd hh sn hh
~a: saw 110
