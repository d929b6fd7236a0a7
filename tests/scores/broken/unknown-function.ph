out: saw 110 # lfp 800 1 * 0.3
