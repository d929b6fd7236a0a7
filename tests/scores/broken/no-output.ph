-- Only modifiers, nothing to hear.
~m # lpf 800 1
