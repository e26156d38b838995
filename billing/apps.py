from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Money into limits."""

    name = "billing"
