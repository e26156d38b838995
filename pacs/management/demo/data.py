"""Two clinics with an owner, a key and a few studies each, made through the product's own doors."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from pacs.ingest.index import Arrival
from pacs.ingest.receive import receive
from pacs.ingest.settle import settle
from pacs.management.demo.phantom import phantom
from tenants import api_keys, entry, signup
from tenants.models import Role, Tenant, User
from tenants.permissions import SCOPE_PERMISSIONS, Actor

CLINICS = (
    ("north-clinic", "North Clinic", "owner@north-clinic.example"),
    ("south-clinic", "South Clinic", "owner@south-clinic.example"),
)
BUNDLED = {
    "north-clinic": ("CT_small.dcm", "MR_small.dcm", "examples_ybr_color.dcm", "examples_rgb_color.dcm"),
    "south-clinic": ("MR_small.dcm", "examples_jpeg2k.dcm", "rtplan.dcm"),
}
BATCH = 32


@dataclass(frozen=True)
class Access:
    """What opens a demo clinic; stands in demo.json alone."""

    slug: str
    name: str
    email: str
    password: str
    api_key: str


def clinic(actor: Actor, *, slug: str, name: str, email: str, now: datetime) -> Access:
    """Make a demo clinic, or give the one that exists a new password and key."""
    tenant = Tenant.objects.filter(slug=slug).first()
    password = secrets.token_urlsafe(12)
    if tenant is None:
        tenant = signup.create_tenant(actor, name=name, slug=slug, now=now)
        user = User.objects.create_user(email=email, password=password, name=f"{name} owner")
        signup.add_member(tenant, user, [Role.OWNER], now=now)
    else:
        user = User.objects.get(email=email)
        user.set_password(password)
        user.save(update_fields=["password"])
    with entry.enter(tenant):
        _, key = api_keys.issue(actor, name="demo", scopes=sorted(SCOPE_PERMISSIONS), now=now)
        _fill(_files(slug, now), Arrival(actor, now))
    return Access(slug, name, email, password, key)


def _files(slug: str, now: datetime) -> Iterator[bytes]:
    for name in BUNDLED[slug]:
        path = get_testdata_file(name, download=False)
        if isinstance(path, str):
            with open(path, "rb") as file:  # noqa: PTH123  (pydicom gives text)
                yield file.read()
    yield from phantom(study_uid=generate_uid(entropy_srcs=[slug, "demo"]), now=now)


def _fill(files: Iterable[bytes], arrival: Arrival) -> None:
    remaining = iter(files)
    while batch := list(islice(remaining, BATCH)):
        settle([receive([data]) for data in batch], arrival)
