-- Four drums that never quite repeat.
cps: 0.5

-- Three kicks spread as evenly as eight steps allow; in every fourth cycle the bar is turned around.
~kick $ s "bd(3,8)" $ every 4 rev # gain 0.8

-- Claps on two and four. The rim: five hits over sixteen steps, begun at another step each bar.
~clap $ s "~ cp ~ cp:1" # gain 0.4
~rim $ s "rim(5,16,<0 2 3>)" # gain 0.3 # pan "-0.4 0.4"

-- Sixteen hats, three of ten left out, never the same three; four numbers, four times a cycle, set their loudness.
~hats $ s "hh*16" $ degradeBy 0.3 # gain "[0.3 0.12 0.2 0.12]*4" # pan 0.2 # cut 1

-- An open hat on the last off-beat, stopped by the next closed one: they share a cut group.
~open $ s "~ ~ ~ [~ oh]" # gain 0.25 # cut 1

out $ ~kick + ~clap + ~rim + ~hats + ~open
