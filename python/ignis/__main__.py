# ===- __main__.py - python -m ignis ----------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""The laboratory: see ignis.cli."""

import sys

from .cli import main

if __name__ == "__main__":  # Workers import this module and must not explore themselves.
    sys.exit(main())
