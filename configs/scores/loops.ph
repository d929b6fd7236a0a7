-- One recorded bar taken to pieces. Parts of a sample are numbers from 0 to 1.
cps: 0.52

-- Eight equal parts in order, every third bar backwards; each part lasts as long as its step.
o1 $ s "breaks125" $ chop 8 $ every 3 rev # legato 1 # gain 0.45

-- A part by hand: from the third eighth to the fourth, at another speed each time, once backwards.
o2 $ s "~ amen ~ amen" # begin 0.25 # end 0.375 # speed "1 1 1.5 -1" # gain 0.35 # pan "-0.4 0.4"

-- loop goes on from the start of its part until the step is over.
o3 $ s "~ ~ ~ amencutup:2" # begin 0 # end 0.15 # loop 1 # legato 1 # gain 0.3

-- attack and release shape the ends alone.
o4 $ s "<industrial ~>" # speed 0.7 # attack 0.3 # release 0.6 # gain 0.2 # hpf 200 0.7

o5 $ s "bd(3,8)" # gain 0.6
