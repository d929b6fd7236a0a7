// Lines that are nothing but a pattern play it; of several the last one is heard, and farm says so.
// s("bd hh").fast(2)    a line of another language, commented out

cps: 0.55
"bd*4"
"bd(3,8), ~ hh ~ [~ hh], ~ ~ [~ rim] ~"
