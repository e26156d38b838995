from django.apps import AppConfig


class PacsConfig(AppConfig):
    """Images in, images out."""

    name = "pacs"
    default_auto_field = "django.db.models.BigAutoField"
