-- Notes without an instrument, once written for one that listens to notes. farm plays them with a triangle and says so.
tempo: 0.5

~melody: n "c4 eb4 g4 <bb4 ab4>"  # One note each quarter.
out: ~melody * 0.6
