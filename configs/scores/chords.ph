-- Buses as instruments: each note of each chord runs its own copy of a bus.
cps: 0.25

-- Two saws a little apart; their ratio stays whatever note is played. The LFO in the filter keeps its own pace.
~pad $ saw 220 + saw 221.5 # lpf (sine 0.3 * 500 + 1100) 0.8 # gain 0.3

-- One chord a cycle, rising in half a second; then held, then gone in two.
o1 $ s "~pad" # note "<c4'min7 ab3'maj7 f3'min7 g3'min>" # adsr 0.5 0.5 0.6 2 # gain 0.4 # reverb 0.8 0.4 0.4

-- A short bell above: two triangles, a twelfth and a little apart.
~bell $ tri 440 + tri 1324 * 0.3
o2 $ s "~bell(5,16)" # note "<[g5 eb5] [ab5 c5] [f5 c6] [d5 g5]>" # ar 0.002 0.6 # gain 0.15 # pan "-0.5 0.5" # delay 0.375 0.4 0.3
