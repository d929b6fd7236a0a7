-- Sources besides the four plain waves, and effects besides filters.
cps: 0.45

-- Seven saws a little apart, in a chorus; a chord each bar.
~wide $ supersaw 220 0.35 7 # lpf 1800 0.9
o1 $ s "~wide" # note "<a3'min f3'maj c3'maj g3'maj>" # adsr 0.1 0.4 0.7 0.4 # chorus 0.6 0.5 0.4 # gain 0.3

-- A pulse whose width swings; its duty is a signal.
~reed $ pulse 110 (sine 0.3 * 0.3 + 0.5) # lpf 900 2
o2 $ s "~reed*8" # note "<a1 f1 c2 g1> ~ 12 ~ 0 12 ~ 7" # ar 0.005 0.25 # gain 0.26

-- FM: a bell, its partials at 3.5 times the carrier. fm takes carrier, modulator, index.
~bell $ fm 440 1540 1.5
o3 $ s "~bell(3,8,1)" # note "<e5 c5 g5 d5>" # ar 0.002 0.9 # gain 0.09 # pan 0.4 # delay 0.278 0.4 0.35

-- Noise in a narrow band that climbs with each bar; a notch that leaves a hole in a hiss; ad opens them.
o4 $ white_noise # bpf (line 500 4000) 8 # mul (ad 0.6 1.4) # mul 0.15 # pan -0.4
o5 $ noise # notch (line 6000 900) 2 # hpf 500 0.7 # mul (ad 0.01 0.4) # mul 0.08 # pan 0.5

-- Fewer bits, longer steps; and a drive that turns a drum into a growl.
o6 $ s "sn(2,8,2)" # gain 0.6 # bitcrush 5 6 # mul 0.5
o7 $ s "bd(3,8)" # gain 0.8 # distortion 6 0.5 # mul 0.6
