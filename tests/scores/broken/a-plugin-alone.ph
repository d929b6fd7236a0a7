vst "x"
out: s "bd"
