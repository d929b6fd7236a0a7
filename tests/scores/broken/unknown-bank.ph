~kick: s "bd*4"
out: ~kick + s "hh*4 [~ hhh:2]"
