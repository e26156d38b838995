"""`manage.py prepare`: database and keys ready to serve; after each installation and upgrade, as often as one likes."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from tenants import signup
from tenants.permissions import system_actor


class Command(BaseCommand):
    """Migrates, installs the database's guards, and makes the provider's own root key on the very first run."""

    help = "Makes database and keys ready to serve."

    def handle(self, *args: object, **options: object) -> None:
        """Run every step; each finds what was done before."""
        call_command("migrate", database=settings.MIGRATION_DATABASE, verbosity=0, interactive=False)
        signup.ensure_provider(system_actor("prepare"), now=timezone.now())
