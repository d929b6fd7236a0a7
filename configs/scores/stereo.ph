-- Left and right.
cps: 0.5

-- jux leaves the pattern on the left and plays the transformed one on the right: here every bar backwards.
o1 $ jux rev $ s "perc [rim rim:1] ~ cb, shaker*8" # gain 0.3

-- stut: four copies, three sixteenths apart, each at 0.6 of the one before, and again the right hand reversed.
o2 $ jux rev $ stut 4 0.1875 0.6 $ s "cp(2,8,3)" # gain 0.3

-- An arpeggio that walks from side to side: pan runs from -1 (left) to 1 (right). Numbers are semitones.
~pluck $ tri 220 + square 440 * 0.2 # lpf 2500 0.8
o3 $ s "~pluck*8" # note "<[0 3 7 10 12 10 7 3] [-4 0 3 7 8 7 3 0]>" # pan "-0.9 -0.6 -0.2 0.2 0.6 0.9 0.3 -0.3" # ar 0.003 0.25 # gain 0.3

o4 $ s "bd*2" # gain 0.7
