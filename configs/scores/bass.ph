-- A bass line whose brightness breathes.
cps: 0.5

-- A sine of one swing in four seconds, moved to 0 .. 1.
~lfo $ sine 0.25 * 0.5 + 0.5

-- Frequencies in Hz or as note names; a rest (~) mutes. The square lies an octave below.
~line $ saw "c2 ~ c2 eb2 ~ c2 g1 bb1" * 0.3
~under $ square "c1 ~ c1 eb1 ~ c1 g0 bb0" * 0.15

-- The low-pass opens from 200 to 2000 Hz and back; a high q lets it sing.
~bass $ ~line + ~under # lpf (~lfo * 1800 + 200) 3

~kick $ s "bd*4" # gain 0.7

out $ ~bass * 0.6 + ~kick
