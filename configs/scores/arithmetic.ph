-- Patterns can be added, subtracted, multiplied, divided.
cps: 0.5

~voice $ tri 220 + square 220.5 * 0.25 # lpf 2200 1

-- A plain sign takes the onsets of both sides: a chord shape, moved by another number each bar.
o1 $ s "~voice(5,8)" # note ("0 3 7 10" + "<0 -2 -4 -5>") # ar 0.005 0.35 # gain 0.25 # pan -0.3

-- |+ keeps the onsets of the left, +| those of the right; |> takes the values of the right.
o2 $ s "~voice*4" # note ("<12 15>" |+ "0 7") # ar 0.005 0.15 # gain 0.15 # pan 0.5
o3 $ s "~voice ~ ~voice*2 ~" # note ("-12 -5" +| "0 [3 0]") # adsr 0.01 0.1 0.6 0.1 # gain 0.2

-- Levels and rates are patterns too: a crescendo in four steps, halved in every other bar.
o4 $ s "hh*8" # gain ("0.1 0.2 0.3 0.4" * "<0.7 0.35>") # pan 0.2
o5 $ s "perc*4" # speed ("1 2 1 0.5" |* "<1 1.5>") # gain 0.3

o6 $ s "bd*2" # gain 0.6
