out: stack [s "bd", s "hh"
