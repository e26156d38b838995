"""Every route of the product, with an address of it that leads to nothing that exists."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

SAMPLES = ("1.2.826.0.1.3680043.99.404", str(uuid.UUID(int=404)), "404", "00280404", "absent")
"""Values that no row has; the first that a converter takes is used."""


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver."""

    pattern: str
    view: Callable[..., object]
    converters: dict[str, re.Pattern[str]]

    def address(self, slug: str) -> str:
        """Return a path of this route in the clinic, with ids that do not exist."""

        def fill(match: re.Match[str]) -> str:
            name = match["name"]
            if name == "slug":
                return slug
            return next(sample for sample in SAMPLES if self.converters[name].fullmatch(sample))

        return "/" + re.sub(r"<(?:[^>:]+:)?(?P<name>[^>]+)>", fill, self.pattern)


def routes() -> list[Route]:
    """Return every route that the product answers."""
    return sorted(_walk(get_resolver(), "", {}), key=lambda route: route.pattern)


def _walk(resolver: URLResolver, prefix: str, known: dict[str, re.Pattern[str]]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        if not isinstance(entry.pattern, RoutePattern):
            raise TypeError(
                f"{entry.pattern} is written with re_path(); write it with path() and a converter"
            )
        pattern = prefix + str(entry.pattern)
        found = {name: re.compile(converter.regex) for name, converter in entry.pattern.converters.items()}
        if isinstance(entry, URLPattern):
            yield Route(pattern, entry.callback, known | found)
        else:
            yield from _walk(entry, pattern, known | found)
