-- Layers that share a cycle, or a pulse, but not both.
cps: 0.4

-- Polyrhythm: three, four and five in the time of one bar.
o1 $ s "[bd bd bd, rim rim rim rim, perc perc:1 perc perc perc:1]" # gain 0.35

-- Polymeter: the same pulse of eight a bar under figures of three, five and seven steps.
~keys $ tri 220 + sine 440 * 0.3
o2 $ s "{~keys ~ ~keys}%8" # note "{a3 c4 e4 g4 b4}%8" # ar 0.005 0.3 # gain 0.3 # pan -0.4
o3 $ s "{~keys ~keys ~ ~keys ~ ~keys ~}%8" # note "{e5 d5 b4}%8" # ar 0.005 0.2 # gain 0.16 # pan 0.4

-- Four against three and three against four, once each way round a bar of twelve.
o4 $ s "<[hh*4, cb*3] [hh*3, cb*4]>" # gain 0.14

-- Seven pulses fitted into two bars.
o5 $ s "[shaker shaker:1]*3.5" # gain 0.25
