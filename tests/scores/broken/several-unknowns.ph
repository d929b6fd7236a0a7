~a: saw 110 # lfp 3
~b: s "bd*2" $ revv
out: ~a + ~c
