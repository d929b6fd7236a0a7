-- Patterns changed by functions. `t $ x` and `x $ t` mean the same; of several, the nearest to x comes first.
cps: 0.5

~kick $ s "bd ~ ~ bd" $ every 4 (fast 2) # gain 0.7

-- Time: faster, slower, backwards, earlier and later, a window that turns by a quarter each bar, there and back again.
~rims $ s "rim ~ rim:1 [~ rim:2]" $ iter 4 # gain 0.3 # pan -0.3
~bells $ s "cb perc ~ perc:1" $ palindrome $ early 0.125 # gain 0.2 # pan 0.4
~shakes $ s "shaker*8" $ swing 0.3 # gain "[0.3 0.15]*4"

-- Density: each hap three times in its place; cut into parts; echoed.
~rolls $ s "~ sn" $ every 3 (ply 3) # gain 0.4
~break $ s "breaks125" $ slow 2 $ chop 8 $ rev # gain 0.22 # legato 1
~echo $ stut 3 0.1875 0.5 $ s "~ ~ cp ~" # gain 0.35

-- Copies: a variation on top, a bar's eighth later; the right hand faster than the left.
~tune $ sine 330 + sine 660.5 * 0.2
~canon $ s "~tune*4" $ off 0.125 (hurry 2) # note "<[0 3 7 3] [0 2 5 2]>" # ar 0.004 0.3 # gain 0.14
~wide $ jux (late 0.0625) $ superimpose (slow 2) $ degradeBy 0.2 $ s "hh ~ hh hh" # gain 0.14

out $ (~kick + ~rims + ~bells + ~shakes + ~rolls + ~break + ~echo + ~canon + ~wide) * 0.85
