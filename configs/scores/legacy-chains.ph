-- Sources in the middle of a chain: an oscillator takes its frequency from the left, any other is multiplied by it.
tempo: 0.5

-- Four clicks a second through a filter that rings, each a small drum.
~clicks: impulse 4 # lpf 180 12 # mul 9

-- A pattern of frequencies becomes a saw, the saw goes on into a filter.
~notes: "110 ~ 165 <130.8 146.8>"
~lead: ~notes # saw # lpf 1200 2 # mul 0.2

-- A pattern of levels on noise: a hat.
~hat: "1 ~ 0.5 ~ 1 ~ 0.5 0.5" # noise # hpf 7000 0.8 # mul 0.12

-- A click each bar: noise in a narrow band, opened for a moment.
~tick: noise # bpf 2000 5 # mul (ad(0.001, 0.1)) # mul 0.4

main: ~clicks + ~lead + ~hat + ~tick
