~synth: saw 110 # lpf 900 1
out: s "bd ~sinth(3,8)" # note "c3"
