-- k hits spread over n steps, as evenly as can be: name(k,n), and (k,n,r) begins r steps later in the wheel.
cps: 0.55

-- The Cuban tresillo, and the same turned around by two steps on alternate bars.
o1 $ s "bd(3,8,<0 0 0 2>)" # gain 0.75

-- Two bells of sixteen: seven hits and, between them, what seven leave over (a negative k swaps hits and rests).
o2 $ s "cb(7,16), rim:1(-7,16)" # gain 0.16 # pan 0.35

-- The numbers of a rhythm are patterns themselves: three or five snares; a roll every fourth bar.
o3 $ s "sn(<2 2 3 5>,8,<2 2 0 1>)" # gain 0.35 # pan -0.15

-- A rhythm may be speeded up or thinned out by chance; a group is asked at each hit what it holds there.
o4 $ s "hh(5,8)*2, [shaker shaker:1](11,16)?0.2" # gain 0.2 # pan -0.4

-- A bass on the tresillo; its notes come from a pattern of their own and wait for the next hit.
~low $ saw 55 + square 55.2 * 0.4 # lpf 600 2
o5 $ s "~low(3,8)" # note "<a1 a1 c2 g1>" # adsr 0.005 0.2 0.5 0.08 # gain 0.3
