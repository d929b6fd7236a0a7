-- Drums made of oscillators, cut out by strings: a string that multiplies is a gate, its rests and zeros are silence.
tempo: 0.5

kick = sine "60 ~ ~ ~ 60 ~ 55 ~" * 0.7
tone = sine 660 * "0 0 1 0 0 0 0.5 0 0 0 1 0 0 1 0 0" * 0.12

-- A pattern of hits works as well: the gate is open for one step of sixteen at each.
snare = noise # hpf 1800 0.7 * "0 0 0 0 1 0 0 0 0 0 0 0 1 0 0 0" * 0.3
hat = noise # hpf 8000 0.8 * "1(7,16)" * 0.12

-- A cutoff with rests holds its last value.
click = noise # lpf "100 ~ ~ 400" 12 * "1 0 0 1 0 1 0 0" * 0.35

out = (kick + tone + snare + hat + click) * 0.8
