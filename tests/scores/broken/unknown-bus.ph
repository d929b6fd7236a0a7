~kick: s "bd*4"
~hats: s "hh*8"

out: ~kik + ~hats
