"""Replaces most ids in paths by ids of existing users; unknown ids exercise little code."""

import os
import zlib

import requests
import schemathesis

USHER = os.environ["USHER_URL"]
TOKEN = {"Authorization": "Bearer " + os.environ["USHER_TOKEN"]}
TENANTS = os.environ["USHER_TENANTS"].split()


class Users:
    """The ids of the users of all tenants, refreshed every 20 uses."""

    def __init__(self):
        self.ids = []
        self.uses = 0

    def pick(self, number):
        if self.uses % 20 == 0:
            responses = [
                requests.get(f"{USHER}/api/{tenant}/admin/users", headers=TOKEN, timeout=10)
                for tenant in TENANTS
            ]
            self.ids = sorted({user["id"] for response in responses for user in response.json()})
        self.uses += 1
        return self.ids[number % len(self.ids)] if self.ids else None


USERS = Users()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    # Derived from the value, so that a seed reproduces the same calls.
    if not path_parameters:
        return path_parameters
    number = zlib.crc32(repr(sorted(path_parameters.items())).encode())
    if "tenantId" in path_parameters and number % 4:
        path_parameters["tenantId"] = TENANTS[number // 4 % len(TENANTS)]
    if "userId" in path_parameters and number // 16 % 4:
        path_parameters["userId"] = USERS.pick(number // 64) or path_parameters["userId"]
    return path_parameters
