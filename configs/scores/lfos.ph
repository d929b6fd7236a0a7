-- Slow waves that move other sounds. An LFO is an oscillator whose frequency is a few hertz or less.
cps: 0.5

-- From -1 .. 1 to 0 .. 1; one turn lasts four seconds. A bus that others only use is not heard itself.
~breath $ sine 0.25 * 0.5 + 0.5

-- It opens a filter; a faster one shakes the volume of a chord (tremolo), a third moves it from side to side.
~trem $ tri 5 * 0.2 + 0.8
~chord $ saw 110 + saw 164.8 + saw 220.7 # lpf (~breath * 2400 + 300) 1.4
o1 $ ~chord * ~trem * 0.09 # pan (sine 0.5 * 0.7)

-- Vibrato: five times a second, four hertz up and down. An LFO may set the pace of another one.
~slow $ sine 0.125 * 2 + 5
~vibrato $ sine ~slow * 4
o2 $ tri ("440 392 330 <294 247>" + ~vibrato) * 0.12 # delay 0.375 0.35 0.3

-- line and adsr turn with the cycle: a filter that falls with each bar, noise that swells with each bar.
o3 $ noise # hpf (line 6000 800) 0.7 # gain (adsr 1.2 0.2 0.5 0.3) # gain 0.05
