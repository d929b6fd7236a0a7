-- Space: a chord stab off the beat, thrown into a long delay and then a room.
bpm: 112

~stab $ saw 220 + square 220.7 * 0.5 # lpf 1400 2 # gain 0.4

-- Delay times are seconds: 0.402 is three quarters of a beat at 112. Six tenths come back each time round.
~chords $ s "~ ~stab ~ [~ ~stab]" # note "<a3'min a3'min f3'maj g3'maj>" # ar 0.005 0.18 # gain 0.4
~echoes $ ~chords # delay 0.402 0.6 0.5 # hpf 300 0.7 # reverb 0.9 0.3 0.4

-- The bass: a sine, and a little triangle so that small speakers hear it too.
~low $ sine 55 + tri 55 * 0.3
~bass $ s "~low(3,8)" # note "<a1 a1 f1 g1>" # adsr 0.005 0.1 0.7 0.05 # gain 0.55

-- Three layers, split by commas; the numbers set the loudness of each quarter.
~drums $ s "bd ~ [~ bd] ~, ~ rim ~ rim:2, [~ hh]*4" # gain "0.6 0.5 0.6 0.5"

out $ ~echoes + ~bass + ~drums * 0.8
