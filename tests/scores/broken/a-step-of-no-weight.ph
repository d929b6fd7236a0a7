out: s "bd@0 hh"
