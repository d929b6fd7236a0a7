/* Ways of writing.
   A score may be annotated in five ways; this is the first. */
# The second: a line that begins with a number sign, if no effect follows.
// The third,
-- the fourth,
bpm: 108 "4/4"  # And the fifth: after a value, beginning with a capital.

-- Numbered outputs may be called o, out or d. All are summed; each is a stem of its own.
o1: s "bd ~ bd ~" # gain 0.7
out2: s "~ sn" # gain 0.35 # reverb 0.5 0.5 0.25
d3: s "hh*8"
  # gain "[0.25 0.1]*4"   -- a line that begins with # goes on
  # pan 0.25

-- An expression goes on while a bracket is open or an operator waits for its right side.
~bass: (
  saw "c2 ~ eb2 ~ f2 ~ <g2 bb1> ~" +
  square "c1 ~ eb1 ~ f1 ~ <g1 bb0> ~" * 0.6
)
out4: ~bass
  # lpf 700 1.5
  * 0.2

-- Definitions hold from where they stand: this ~hit is another one for what follows.
~hit: s "rim(3,8)"
o5: ~hit # gain 0.3 # pan -0.5
~hit: s "cb(2,8,1)"
o6: ~hit # gain 0.12 # pan 0.5
