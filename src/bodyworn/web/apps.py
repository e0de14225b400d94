"""The app that holds templates and static files; it has no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages."""

    name = "bodyworn.web"
    label = "web"
