~kick: s "bdd*4" # gian 0.5
~hats: s "hh*8" # gain "0.5 loud"
bass: saw "55 65" # lpf 400
~lead: sqare 220 # lpf 800 + ~bass * (0.5

out: ~kick + ~hats + ~lead # reverb + ~pad
