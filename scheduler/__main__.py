"""`python -m scheduler`."""

import sys

from parkops.errors import ParkOpsError

from .runtime import main

try:
    sys.exit(main())
except ParkOpsError as e:
    print(e, file=sys.stderr)
    sys.exit(1)
