@tpl: lpf 800 1
out: saw 110 # @tpl
