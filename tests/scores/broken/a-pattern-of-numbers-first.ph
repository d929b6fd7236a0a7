out: n "0 .. 3" # s "bd"
