out: saw "55 110" # fast 2
