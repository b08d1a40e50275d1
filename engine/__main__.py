"""`python -m engine LAB ...`: the same as `gridloop run LAB ...`, with no Qt installed at all."""

from __future__ import annotations

import sys

from engine.cli import main

sys.exit(main(sys.argv[1:]))
