~x: ~nix
out: ~x
