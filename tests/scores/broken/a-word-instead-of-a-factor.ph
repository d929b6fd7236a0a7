out: s "bd*4" $ fast "2 hh"
