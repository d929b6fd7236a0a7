"""`python -m farm`."""

from __future__ import annotations

import os

try:
    from farm.cli import main
except KeyboardInterrupt:
    # Nothing has begun. Not `sys.exit`: see `farm.cli.process.Interrupted`.
    os.write(2, b"interrupted\n")
    os._exit(130)

main()
