"""What is there to fetch of the help centre and other knowledge."""

from __future__ import annotations

from tap_intercom.shapes import List


class Articles(List):
    """The help centre's articles, in all their languages."""

    name = "articles"
    noun = "article"
    path = "/articles"
    params = {"per_page": 250}
    component = "article_list_item"
    replication_key = "updated_at"
    newest_first = True


class Collections(List):
    """The help centre's collections, in all their languages."""

    name = "collections"
    noun = "collection"
    path = "/help_center/collections"
    component = "collection"
    replication_key = "updated_at"
    newest_first = True
