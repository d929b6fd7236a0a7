out: s "bd" + vst "Synth1" :preset 3
