~a: ~b * 0.5 + sine 1
~b: ~a + 1
out: ~b
