out: s "<bd sn>*100000" # note "c4'min7*1000"
