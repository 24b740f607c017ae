"""The service's tables, one file per subject."""

from keuring_collector.service.models.knowledge import Article, ArticleHelp, ArticleLink, ArticleVersion, PackIndexed

__all__ = ["Article", "ArticleHelp", "ArticleLink", "ArticleVersion", "PackIndexed"]
