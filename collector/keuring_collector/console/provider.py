"""Where django-allauth looks for an application's providers."""

from keuring_collector.console.oidc import Provider

provider_classes = [Provider]
