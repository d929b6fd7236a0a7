out: s "bd" # |+| speed 2
