from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TenantsConfig(AppConfig):
    """Who may see what."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tenants import checks, entry  # noqa: PLC0415  (models are ready only now)
        from tenants.models import guards  # noqa: PLC0415

        checks.register_all()
        entry.watch_connections()
        post_migrate.connect(guards.install_after_migrate, dispatch_uid="tenants.guards")
