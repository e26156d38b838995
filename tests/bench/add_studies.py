"""`python -m tests.bench.add_studies <slug> <count>`: rows of studies for a clinic, with the product's own settings."""

import sys

import django


def main() -> None:
    """Add them."""
    django.setup()
    from tenants.models import Tenant  # noqa: PLC0415  (needs the app registry)
    from tests.bench.make_studies import make_studies  # noqa: PLC0415  (the same)

    make_studies(Tenant.objects.get(slug=sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    main()
