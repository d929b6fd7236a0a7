out: s “bd hh”
