"""The one Django app that holds tables."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """People, equipment, evidence, casework, custody and jobs."""

    name = "bodyworn.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
