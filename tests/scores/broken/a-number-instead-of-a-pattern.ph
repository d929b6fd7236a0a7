out: s 3
