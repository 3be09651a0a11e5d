"""What is there to fetch of the help centre, news and the other knowledge that Fin answers from."""

from __future__ import annotations

from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.lists import List

READ_ARTICLES = "read_articles_scope"
READ_NEWS = "reading news"
READ_AI_CONTENT = "reading AI content"


class Articles(List):
    """The help centre's articles, in all their languages."""

    permission = READ_ARTICLES
    params = {"per_page": 250}
    component = "article_list_item"
    replication_key = "updated_at"
    newest_first = True


class ArticleStatistics(FanOut):
    """How often each article was viewed and reacted to, and what became of it."""

    of = Articles
    path = "/articles/{id}"
    records = "statistics"
    primary_keys = ("article_id",)


class ArticleVersions(FanOut):
    """The versions of each article, newest first, without their bodies."""

    of = Articles
    path = "/articles/{id}/versions"
    component = "article_version_summary"
    min_version = "2.16"


class ArticleDrafts(FanOut):
    """What has been written for an article and is not published yet."""

    of = Articles
    path = "/articles/{id}/draft"
    only_if = "has_unpublished_changes"
    records = ""
    component = "article"
    primary_keys = ("article_id",)
    min_version = "2.16"


class InternalArticles(List):
    """The articles for teammates only."""

    permission = READ_ARTICLES
    component = "internal_article_list_item"
    replication_key = "updated_at"
    min_version = "2.13"


class Collections(List):
    """The help centre's collections, in all their languages."""

    permission = READ_ARTICLES
    path = "/help_center/collections"
    replication_key = "updated_at"
    newest_first = True


class HelpCenters(List):
    """The help centres, with their addresses and languages."""

    permission = READ_ARTICLES
    path = "/help_center/help_centers"
    min_version = "2.7"


class HelpCenterRedirects(FanOut):
    """The old addresses that lead to articles and collections of a help centre."""

    of = HelpCenters
    permission = "read_help_center_redirects_scope"
    path = "/help_center/help_centers/{id}/redirects"
    params = {"per_page": 250}
    min_version = "2.16"


class NewsItems(List):
    """The news, and which feeds they are in."""

    permission = READ_NEWS
    path = "/news/news_items"
    replication_key = "updated_at"
    min_version = "2.7"


class Newsfeeds(List):
    """The feeds that news are published in."""

    permission = READ_NEWS
    path = "/news/newsfeeds"
    min_version = "2.7"


class NewsfeedItems(FanOut):
    """The news that are live in each feed."""

    of = Newsfeeds
    id_of = "news_item"
    path = "/news/newsfeeds/{id}/items"
    made_at = ""  # when it was put into the feed, it does not say
    component = "news_item"


class ContentImportSources(List):
    """The websites that external pages are read from."""

    permission = READ_AI_CONTENT
    path = "/ai/content_import_sources"
    min_version = "2.12"
    selected_by_default = False


class ExternalPages(List):
    """The pages of other websites that Fin answers from, with their HTML."""

    permission = READ_AI_CONTENT
    path = "/ai/external_pages"
    replication_key = "updated_at"
    min_version = "2.12"
    selected_by_default = False


class ContentSnippets(List):
    """The short texts that Fin answers from."""

    permission = "reading content snippets"
    params = {"per_page": 50}
    replication_key = "updated_at"
    min_version = "2.16"
    selected_by_default = False


class Audiences(List):
    """The groups of people that content can be meant for."""

    permission = "reading audiences"
    params = {"per_page": 50}
    replication_key = "updated_at"
    min_version = "2.16"
    selected_by_default = False


class Folders(List):
    """The folders that content is filed in."""

    permission = READ_ARTICLES
    params = {"per_page": 150}
    replication_key = "updated_at"
    min_version = "2.17"
    selected_by_default = False


class DynamicContents(List):
    """The texts that messages insert, in their variations."""

    permission = "read_dynamic_content"
    replication_key = "updated_at"
    newest_first = True
    min_version = "2.17"
    selected_by_default = False


class Macros(List):
    """The saved replies of teammates."""

    permission = "read_conversations"
    params = {"per_page": 150}
    replication_key = "updated_at"
    since_param = "updated_since"
    min_version = "2.16"
