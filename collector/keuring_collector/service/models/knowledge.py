"""The desk's own articles, what they belong to, every version of them, and how often one helped."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff, Ticket

LONGEST_TITLE = 200


class Text(models.Model):
    """What an article says: a title and Markdown in each language; a language may be empty."""

    title_nl = models.CharField(max_length=LONGEST_TITLE, blank=True)
    body_nl = models.TextField(blank=True)
    title_en = models.CharField(max_length=LONGEST_TITLE, blank=True)
    body_en = models.TextField(blank=True)

    class Meta:
        abstract = True

    def title(self, language: str) -> str:
        """The title in a language; empty when it has none."""
        return self.title_nl if language == "nl" else self.title_en

    def body(self, language: str) -> str:
        """The Markdown in a language."""
        return self.body_nl if language == "nl" else self.body_en


class Article(Text):
    """An article of the desk. Published, it stands before the pack's article of the same ``slug``.

    ``version`` is the number of the newest ArticleVersion, which says the same as this row.
    """

    class State(models.TextChoices):
        """Who may read it."""

        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    slug = models.SlugField(max_length=80, unique=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    for_colleagues = models.BooleanField(default=False, db_default=False)  # read without signing in, if published
    owner = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    review_on = models.DateField(null=True, blank=True)
    from_ticket = models.ForeignKey(Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="articles")
    version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["slug"]
        indexes: ClassVar = [models.Index(fields=["review_on"], name="article_review")]

    def __str__(self) -> str:
        return self.slug


class ArticleLink(models.Model):
    """What an article is about: a rule (by its id), a program or a model (by its name)."""

    class Kind(models.TextChoices):
        """What is linked to."""

        RULE = "rule", _("rule")
        SOFTWARE = "software", _("program")
        MODEL = "model", _("model")

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=256)

    class Meta:
        ordering: ClassVar = ["kind", "value"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["article", "kind", "value"], name="one_link_per_article")
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "value"], name="article_link")]


class ArticleVersion(Text):
    """An article as somebody left it; never changed afterwards. No actor: somebody who left, or the demo."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=Article.State.choices)
    links = models.JSONField(default=list)  # [kind, value] of each
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["article", "number"], name="one_version_per_number")]


class ArticlePicture(models.Model):
    """A picture of an article. Its bytes are in the database, so that every collector has them, and every backup."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=64)  # of its content, so that an address never shows another picture
    kind = models.CharField(max_length=20)  # media type, as found in the bytes
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    alt_nl = models.CharField(max_length=200, blank=True)
    alt_en = models.CharField(max_length=200, blank=True)
    content = models.BinaryField()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["added_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["article", "name"], name="one_picture_per_article")]


class ArticleHelp(models.Model):
    """How often readers said that an article, of the desk or of the pack, helped. Who said so is kept nowhere."""

    slug = models.CharField(max_length=80, primary_key=True)
    yes = models.PositiveIntegerField(default=0)
    no = models.PositiveIntegerField(default=0)


class PackIndexed(models.Model):
    """One row: which articles of the pack the search knows, as a hash over all of them."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    fingerprint = models.CharField(max_length=64, blank=True)
