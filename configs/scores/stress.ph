-- Sixteen outputs, each 32 hits a cycle, echoed eight times on the left and, reversed, on the right:
-- 16 x 32 x 8 x 2 = 8192 starts a cycle. It measures; it is not made to please.
cps: 0.5

o1 $ jux rev $ stut 8 0.03125 0.7 $ s "bd*32" # gain 0.03
o2 $ jux rev $ stut 8 0.03125 0.7 $ s "sn*32" # gain 0.03
o3 $ jux rev $ stut 8 0.03125 0.7 $ s "hh*32" # gain 0.03
o4 $ jux rev $ stut 8 0.03125 0.7 $ s "cp*32" # gain 0.03
o5 $ jux rev $ stut 8 0.03125 0.7 $ s "oh*32" # gain 0.03
o6 $ jux rev $ stut 8 0.03125 0.7 $ s "rim*32" # gain 0.03
o7 $ jux rev $ stut 8 0.03125 0.7 $ s "808bd:1*32" # gain 0.03
o8 $ jux rev $ stut 8 0.03125 0.7 $ s "808lt*32" # gain 0.03
o9 $ jux rev $ stut 8 0.03125 0.7 $ s "lt*32" # gain 0.03
o10 $ jux rev $ stut 8 0.03125 0.7 $ s "mt*32" # gain 0.03
o11 $ jux rev $ stut 8 0.03125 0.7 $ s "ht*32" # gain 0.03
o12 $ jux rev $ stut 8 0.03125 0.7 $ s "perc*32" # gain 0.03
o13 $ jux rev $ stut 8 0.03125 0.7 $ s "shaker*32" # gain 0.03
o14 $ jux rev $ stut 8 0.03125 0.7 $ s "cb*32" # gain 0.03
o15 $ jux rev $ stut 8 0.03125 0.7 $ s "tamb*32" # gain 0.03
o16 $ jux rev $ stut 8 0.03125 0.7 $ s "hh:2*32" # gain 0.03
