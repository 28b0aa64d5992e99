"""Drives the stand-in with `auth0-python` from PyPI, as an application would."""

import sys
import traceback

import authentication
import organizations
import users

for check in [*authentication.CHECKS, *users.CHECKS, *organizations.CHECKS]:
    try:
        check()
    except Exception:
        print(f"FAILED  python  {check.__name__}", file=sys.stderr)
        traceback.print_exc()
        sys.exit(1)
    print(f"ok      python  {check.__name__}", flush=True)
