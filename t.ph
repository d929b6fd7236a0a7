"bd"
"sn"
out: s "hh"