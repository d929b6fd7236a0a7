out: SAW 110 * 0.2
o2: s "BD*2 hh"
