"""Leads most calls to users that are there: what nobody is found for is refused at the door."""

import os
import zlib

import requests
import schemathesis

USHER = os.environ["USHER_URL"]
TOKEN = {"Authorization": "Bearer " + os.environ["USHER_TOKEN"]}
TENANTS = os.environ["USHER_TENANTS"].split()


class Users:
    """The users of all tenants, asked for anew from time to time."""

    def __init__(self):
        self.ids = []
        self.uses = 0

    def pick(self, number):
        if self.uses % 20 == 0:
            answers = [
                requests.get(f"{USHER}/api/{tenant}/admin/users", headers=TOKEN, timeout=10)
                for tenant in TENANTS
            ]
            self.ids = sorted({user["id"] for answer in answers for user in answer.json()})
        self.uses += 1
        return self.ids[number % len(self.ids)] if self.ids else None


USERS = Users()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    # By the value itself, so that a seed leads to the same calls again.
    if not path_parameters:
        return path_parameters
    number = zlib.crc32(repr(sorted(path_parameters.items())).encode())
    if "tenantId" in path_parameters and number % 4:
        path_parameters["tenantId"] = TENANTS[number // 4 % len(TENANTS)]
    if "userId" in path_parameters and number // 16 % 4:
        path_parameters["userId"] = USERS.pick(number // 64) or path_parameters["userId"]
    return path_parameters
