~bass: swa "55 65"
out: ~bass # lpf 400 1
