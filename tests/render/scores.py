"""Small scores that, between them, use every way of keeping state and every kind of voice.

Tempi are high and odd, so that cycles end between frames and a few cycles fill several chunks and windows.
"""

from __future__ import annotations

SCORES = {
    "samples": """
cps: 2.7
~d: s "bd*2 [~ sn] hh(3,8) <cp rim>" $ stut 3 0.11 0.6 # speed "1 -1.5 0.5" # n "0 1 2"
~j: jux rev $ s "hh*7" # ar 0.002 0.05 # pan "0.3"
out: ~d * 0.5 + ~j
""",
    "adsr samples": """
cps: 1.9
out: s "808oh*3 amen" # adsr 0.01 0.05 0.4 0.1 # note "0 7 -5"
""",
    "bus voices": """
cps: 2.3
~syn: saw 110 # lpf (sine 3 * 500 + 900) 2 # hpf 60
out: s "~syn(5,8) ~syn" # note "c4'min7 e3'maj <g2 0>" # adsr 0.01 0.03 0.5 0.07 # gain "0.5 0.8"
""",
    "voices with noise": """
cps: 3.1
~hat: noise # hpf 2000 0.8 * adsr 0.001 0.02 0.1 0.01
~ping: tri "300 450" * line 1 0 + impulse 40
out: s "~hat*6, ~ping(3,8)" # ar 0.003 0.09 # pan "-0.7 0.4"
""",
    "voices with rings": """
cps: 2.2
~flam: saw 220 # delay 0.013 0.5 0.5 * 0.6 # lpf 1200 1 # gain (sine 9)
out: s "~flam*3" # note "0 5 <7 12>" # ar 0.001 0.2
""",
    "voices with reverb inside": """
cps: 2.6
~hall: saw "220 330" # reverb 0.6 0.4 0.5 # lpf 1500 1
out: s "~hall*3 rim <~hall ~>" # note "0 7 3" # ar 0.002 0.25
""",
    "reverb in voices that begin one by one": """
cps: 4
~ring: saw 110 # reverb 0.9 0.3 1 * 0.5 + 0
out: s "<~ring ~ ~ring>" # ar 0.01 1.2 # gain 0.5
""",
    "voices of a bus": """
cps: 2.1
~lfo: sine 1.3 * 0.3 + 0.5
~wave: saw 90 * ~lfo
~drone: ~wave + sine 50
out: s "~wave*2 ~drone" # ar 0.01 0.3
""",
    "effects": """
cps: 2.9
~d: s "bd sn hh*2" # delay 0.07 0.6 0.5
~pad: square "110 ~ 165" * 0.2 # lpf (sine 0.7 * 400 + 700) 1.5
out: ~d + ~pad # reverb 0.8 0.3 0.4
o2: ~d # delay (sine 2 * 0.01 + 0.02) 0.3 # hpf 200
""",
    "steps and gates": """
cps: 2.6
~mel: saw "220 ~ 330 [275 ~]" * "1 0 0.5 ~"
~low: sine "<55 110 82.5>" * 0.4
out: ~mel # lpf "800 ~ 2000" 1 # gain "0.5 1" + ~low
""",
    "envelopes": """
cps: 1.7
~n: noise * adsr 0.02 0.1 0.3 0.2
~r: saw (line 100 300) * line 0.5 0 + tri (line 50 200 0.8)
out: ~n + ~r * 0.3 # pan (sine 0.9)
""",
    "modulated oscillators": """
cps: 2
~fm: sine (sine 70 * 90 + 200)
out: ~fm * 0.5 + square (saw 2 * 40 + 120) * 0.2 + impulse (tri 3 * 20 + 40)
""",
    "pulses, detuned saws, FM, curves and steps": """
cps: 2.2
~p: pulse "110 ~ 165" (sine 1.3 * 0.3 + 0.5) * 0.3 + pulse 82 "0.2 0.7" * 0.2 + pulse 41 0.1 * 0.1
~f: fm "220 330" 110 (line 3 0) * ad 0.01 0.2 + fm 150 "75 ~" 1 * 0.2 + fm 90 45.5 2 * 0.1
~s: supersaw "55 82.5" "0.3 0.6" "7 3" * 0.3 + supersaw 110 (sine 2 * 0.2 + 0.3) 5 * 0.2 + supersaw 70 * 0.1
~b: noise # bpf (sine 2 * 500 + 900) 6 # notch "700 1200" 2 # distort (line 1 9) 0.8
~c: s "bd hh*3" # bitcrush "5 3" "3.5 900 0" # chorus (tri 1 * 2 + 3) 0.8 0.6
~d: saw "110 165" # bitcrush 6 (line 1 12) # add "0.2 -0.1" # mul "1 ~ 0.5" # chorus 2 0.5
out: ~p + ~f + ~s
o2: ~b * 0.3 + ~c + ~d * 0.3
""",
    "voices of many parts": """
cps: 2.3
~a: pulse 110 0.3 + supersaw 110 0.4 5 # bpf 900 2 * ad 0.01 0.15 # bitcrush 6 3
~b: fm 220 330 (line 4 0) # distortion 3 # chorus 3 0.7 0.5 # notch 600 1
out: s "~a(3,8) <~b ~>" # note "0 c4'min <7 g2>" # adsr 0.01 0.05 0.6 0.2 + s "~b*2" # ar 0.01 0.3
""",
    "a bus that hears itself": """
cps: 2
~a: ~a * 0.9 + sine 220 * 0.1
out: ~a
""",
    "a loop of two buses": """
cps: 2
~x: s "rim ~ ~ ~" + ~y * 0.6
~y: ~x # delay 0.031 0.2 0.7 # lpf 1500 1
out: ~y
""",
    "forward references": """
cps: 2
out: ~late * 0.5 + ~later
~late: saw ~hz
~hz: "110 220" + "<0 55>"
~later: s "hh*4" # gain ~depth
~depth: sine 1.1 * 0.4 + 0.5
""",
    "signals read while planning": """
cps: 3.3
~lfo: sine 0.9
~gate: square 1.7 * 0.5 + 0.5
~d: s "bd hh" $ fast ~lfo # gain ~gate # speed (sine 0.25 * 0.5 + 1) # n ~lfo
~e: s "rim*3" $ degradeBy ~gate # pan ~lfo
out: ~d + ~e
""",
    "parts, loops and lengths": """
cps: 2.3
~a: s "amen*2 [cp ~]" $ chop 3 # speed "1 -0.7" # legato "1 0.5 ~" # attack "0.01 ~"
~b: s "casio*3" # loop "1 <0 1>" # begin 0.1 # end "0.13 0.4" # note "0 7 -5" # release "~ 0.1"
~w: saw 150
~c: s "~w*5" $ hurry "<1 1.5>" # legato "0.5 ~ 2" # attack 0.02
out: ~a + ~b + ~c * 0.3
""",
    "cut groups": """
cps: 2.4
~a: s "808oh*3 ~" # cut 1
~b: s "~ hh*5" # cut 1 # speed 0.7
~w: saw 200
~c: s "~w*4" # cut "-2 <3 -2>" # ar 0.001 0.6
out: ~a + ~b + ~c * 0.3
""",
    "shadowed buses and outputs": """
cps: 2.5
~k: s "bd*2"
o1: ~k
~k: s "bd*3?" # gain 0.7
o2: ~k # reverb 0.5 0.5
out: s "hh*8" $ degradeBy 0.4
""",
    "transforms": """
cps: 2.8
~a: s "bd sn:1 hh!2" $ every 2 (fast 2) $ rev
~b: jux (rev) $ slow 1.5 $ s "rim(3,8,<0 2>) ~"
out: ~a + ~b $ stut 2 0.3 0.5
""",
    "effects as arguments": """
cps: 3.7
~a: s "bd*3? hh(3,8)" $ every 2 (# lpf 400 2) $ jux (rev # speed "1 -1.5")
~w: saw 110
~b: s "~w(3,8)" $ off 0.125 (# delay 0.03 0.5 0.5 # gain 0.5) # note "0 <7 c4'min>" # ar 0.01 0.1
out: ~a + ~b
""",
    "late and long": """
cps: 5.3
~long: saw 130 # lpf 900 1
out: s "<amen ~!6>" # speed "<0.5 -0.4>" + s "<~long ~!3>" # ar 0.05 1.2
""",
}
