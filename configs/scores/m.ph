-- One long sample, echoed, and on the right side turned around in time.
-- 51 starts a cycle: 3 kicks, 3 hits of 8 echoes on either side.
cps: 0.5

o1 $ s "808bd:2(3,8)" # gain 0.5

-- stut makes 8 copies, an eighth of a cycle apart, each a tenth as loud as the one before.
-- jux leaves the left as it is and reverses the order of haps on the right.
-- A ride at half speed lasts 1.4 s; it swells for a tenth of a second and is gone after half a second more.
o2 $ jux rev $ stut 8 0.125 0.1 $ s "ride:2(3,8,1)" # speed 0.5 # ar 0.1 0.5 # gain 0.8
