~drums: s "bd*4"
~pad: saw 110
out: (~drums + ~pad) $ fast 2
