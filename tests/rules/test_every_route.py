"""Each route has a door, each door its event or exemption, and each kind of visitor gets the door's answer there.

Nothing is listed by hand: the routes come from the resolver, what to expect from door and table of rights.
"""

from collections.abc import Iterator

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from tenants.authentication import Door
from tenants.models import Role
from tenants.permissions import of_roles
from tests.conftest import Clinic, make_member, signed_in, with_key
from tests.rules.routes import Route, routes

ROUTES = routes()
METHODS = ("GET", "POST", "PUT", "DELETE")
HEADERS = {"Origin": "http://testserver", "Accept": "*/*"}
every_route = pytest.mark.parametrize("route", ROUTES, ids=[route.pattern or "(root)" for route in ROUTES])


def doors_of(route: Route) -> dict[str, Door]:
    """Return the door of each method; most routes have one for all."""
    door = getattr(route.view, "door", None)
    assert isinstance(door, Door), f"{route.view} has no door"
    doors: dict[str, Door] = getattr(route.view, "doors", {})
    return {method: doors.get(method, door) for method in METHODS}


def answers(client: Client, slug: str) -> Iterator[tuple[str, Door, HttpResponseBase]]:
    """Ask every route with every method; yield what answers, its door and its answer. Signing out is undone."""
    client.raise_request_exception = False
    session = client.cookies.get("sessionid")
    signed = session.value if session else None
    for route in ROUTES:
        taken = 0
        for method, door in doors_of(route).items():
            if signed and route.pattern == "logout/":
                continue
            answer = client.generic(method, route.address(slug), headers=HEADERS)
            if answer.streaming:
                b"".join(answer)
            if answer.status_code != 405:
                taken += 1
                yield f"{method} {route.pattern}", door, answer
        assert taken or route.pattern == "logout/", f"{route.pattern} takes no method"


def leads_to_sign_in(answer: HttpResponseBase) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/login/")


def lets_in(answer: HttpResponseBase) -> bool:
    return answer.status_code not in (401, 403) and answer.status_code < 500 and not leads_to_sign_in(answer)


@every_route
def test_it_has_doors_with_an_event_or_an_exemption(route: Route) -> None:
    for door in doors_of(route).values():
        assert bool(door.event) != bool(door.exempt), (
            "name the event that it leaves, or say why there is none"
        )
        assert not door.exempt or len(door.exempt.split()) >= 3
        assert (door.kind in ("page", "api")) == route.pattern.startswith("c/<slug:slug>/")


@pytest.mark.parametrize("slug", ["north", "absent"])
def test_nobody_is_turned_away(clinic: Clinic, slug: str) -> None:
    wrong = {}
    for what, door, answer in answers(Client(), slug):
        right = {
            "api": answer.status_code == 401,
            "page": leads_to_sign_in(answer),
            "person": leads_to_sign_in(answer),
            "public": lets_in(answer),
        }
        if not right[door.kind]:
            wrong[what] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("slug", ["north", "absent"])
def test_another_clinics_owner_finds_nothing(clinic: Clinic, other_clinic: Clinic, slug: str) -> None:
    found = {
        what: answer.status_code
        for what, door, answer in answers(signed_in(other_clinic.owner), slug)
        if door.kind in ("page", "api") and answer.status_code != 404
    }
    assert found == {}


@pytest.mark.parametrize("slug", ["north", "absent"])
def test_another_clinics_key_opens_nothing(clinic: Clinic, other_clinic: Clinic, slug: str) -> None:
    opened = {
        what: answer.status_code
        for what, door, answer in answers(with_key(other_clinic.api_key), slug)
        if (door.kind == "api" and answer.status_code != 401)
        or (door.kind == "page" and not leads_to_sign_in(answer))
    }
    assert opened == {}


@pytest.mark.parametrize("role", Role)
def test_a_member_gets_in_by_right_alone(clinic: Clinic, role: Role) -> None:
    wrong = {}
    for what, door, answer in answers(signed_in(make_member(clinic, "member", role)), "north"):
        may = door.permission is None or door.permission in of_roles([role])
        if not (lets_in(answer) if may else answer.status_code == 403):
            wrong[what] = answer.status_code
    assert wrong == {}


def test_the_walk_finds_the_routes() -> None:
    patterns = {route.pattern for route in ROUTES}
    assert {"", "login/", "logout/", "health/live"} <= patterns
    assert len(patterns) == len(ROUTES), "two routes share a pattern: the second is never reached"
