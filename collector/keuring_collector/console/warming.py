"""What pages need, loaded before the first of them is asked for, and left out of the garbage collector's rounds."""

from __future__ import annotations

import gc
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation

from keuring_collector.console import pack

_TEMPLATES = Path(__file__).parent / "templates"


def load() -> None:
    """Loads addresses, words, the pack and the templates of pages; only for a process that does nothing else yet.

    They are some 300,000 objects, all of which the garbage collector would look at anew during one request in a
    hundred, which then took a fifth of a second longer. Whatever is alive now is alive until the process ends.
    """
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse(settings.LOGIN_REDIRECT_URL)
            translation.gettext("Queue")
    pack.current()
    for path in _TEMPLATES.rglob("*.html"):
        get_template(str(path.relative_to(_TEMPLATES)))
    gc.collect()
    gc.freeze()
