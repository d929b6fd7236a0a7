~a: saw 110 # lpf
~b: (sine 3
~c: s "bd [hh"
out: ~a + ~b +
