setcps 0.5

let kick = s "bd"

once $ s "bd"
