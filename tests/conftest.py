"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("farm", deadline=None)
settings.register_profile("farm-ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("farm-ci" if os.environ.get("CI") else "farm")
