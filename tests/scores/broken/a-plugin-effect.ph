out: s "bd*4" # vst3 "Reverb"
