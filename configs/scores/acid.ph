-- A bass line whose sound is a bus of its own. `~name #` names effects, `~name $` names transforms; both are pasted in.
cps: 0.55

~acid # lpf (sine 0.1375 * 900 + 1300) 6 # distortion 3 0.4
~busy $ fast 2

~line $ saw "[a1 a1 a2 a1 c2 a1 g2 <e2 d2>]*2" * "[1 1 0 1 1 0 1 1]*2"
o1 $ ~line # ~acid * 0.25

-- Arguments have names, after a colon, in any order.
o2 $ s "cp ~" $ ~busy # hpf 600 :q 0.8 # reverb :mix 0.35 :room_size 0.8 :damping 0.4 # gain 0.3

-- The same transform on hats, the same effects on a tom: each use has a filter of its own.
o3 $ s "[~ hh]*2" $ ~busy # gain 0.25 # pan 0.2
o4 $ s "~ lt ~ [lt mt]" # gain 0.4 # ~acid * 0.4 # pan -0.3

o5 $ s "bd*4" # gain 0.7
