out: s "bd hh] sn"
