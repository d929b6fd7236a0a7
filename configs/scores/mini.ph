-- The whole mini-notation, an output for each group of signs. Each bar of these is worth reading along.
cps: 0.5

-- Steps share the bar; ~ rests; [ ] is one step split again; a . b puts feet instead of brackets.
o1 $ s "bd [~ bd] . bd bd ~ bd" # gain 0.5

-- *n repeats inside a step, /n stretches a step over n bars, !n repeats the step itself, @n and _ make it longer.
o2 $ s "hh*2 hh!2 oh@1.5 hh _ [hh oh]/2" # gain 0.22 # pan 0.3

-- , plays layers together; < > takes the next item each bar; *<..> takes the factor from a pattern.
o3 $ s "~ cp, [rim ~ rim:1]*<1 2>" # gain 0.3 # pan -0.2

-- | picks one by chance, ? leaves out half, ?0.2 a fifth: the same haps every time the score is rendered.
o4 $ s "[perc|perc:1|cb] shaker? [shaker:1 shaker]?0.2 ~" # gain 0.25

-- {a b c}%4 takes four steps of three a bar; a number of Euclid may be a pattern; :n is another recording.
o5 $ s "{mt ht:0 lt}%4, 808bd:2(<3 5>,8,<0 2>)" # gain 0.26

-- 0 .. 3 counts; names are notes, a word after ' makes a chord of one.
~pluck $ saw 220 # lpf 1800 1.2
o6 $ s "~pluck*8" # note "<[0 .. 7] [c4'min7 _ eb4 f#3]>" # ar 0.004 0.22 # gain 0.18 # pan "[-0.5 0.5]*4"
