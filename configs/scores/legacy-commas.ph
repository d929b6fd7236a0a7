# Calls with commas, as in other languages: the input of an effect is its first argument.
tempo = 0.5

~drums = s("bd(3,8), ~ sn", "0.8 0.6")
~hats = s("hh*8", 0.25)
~sweep = lpf(saw("65.4 98"), "400 900 1600 700", 3)
~voice = square(130.8) * adsr(0.02, 0.3, 0.4, 0.1)

-- Arguments are whole expressions.
out reverb(~drums * 0.7 + ~hats + ~sweep * 0.2 + lpf(~voice, sine(0.5) * 400 + 700, 2) * 0.15, 0.4, 0.5, 0.2)
