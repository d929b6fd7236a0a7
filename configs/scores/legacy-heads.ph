# An older dialect: heads without a colon, names without a tilde, brackets around several lines.
tempo 0.55  # One cycle is a bar of four.

~kick = s "bd*4"
hats = s "[~ hh]*4"
bass_freq = "55 55 82.5 <65.4 73.4>"
lfo = sine 0.275

-- A bare name is the bus of that name. Commas separate what an effect takes.
bass = saw(bass_freq) # lpf(lfo * 500 + 800, 2)

out = (
  ~kick * 0.7 +
  hats * 0.3 +
  bass * 0.22
) * 0.9
