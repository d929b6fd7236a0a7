-- Chords on an odd Euclidean grid, over a kick and a low tom.
-- 36 starts a cycle: 7 hits of a four-voice chord, 4 kicks, 4 toms.
tempo: 0.5

-- The cutoff: 800 Hz, and once a cycle one of four others, the pair run through at changing speed.
~cutoff $ "800 <300 500 200 999>" $ fast "<1 2 1 4>"

-- One voice: a saw through a low-pass. It is never heard as it stands: o1 plays it as an instrument.
~synth $ saw 110 # lpf ~cutoff 1.5

-- C minor 7 for half a cycle, then F minor 7. The echo is tuned against the grid, not to it.
o1 $ s "~synth(7,17)" # note "c3'min7 f3'min7" # ar 0.01 0.35 # gain 0.35 # delay 0.334 0.3 # reverb 0.6 0.5 0.3

o2 $ s "bd(4,17)" # gain 0.6
o3 $ s "808lt(4,17,2)" # gain 0.4
