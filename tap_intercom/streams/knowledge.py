"""What is there to fetch of the help centre, news and the other knowledge that Fin answers from."""

from __future__ import annotations

from tap_intercom.shapes import FanOut, List

READ_ARTICLES = "read_articles_scope"
READ_NEWS = "reading news"
READ_AI_CONTENT = "reading AI content"


class Articles(List):
    """The help centre's articles, in all their languages."""

    name = "articles"
    noun = "article"
    permission = READ_ARTICLES
    path = "/articles"
    params = {"per_page": 250}
    component = "article_list_item"
    replication_key = "updated_at"
    newest_first = True


class ArticleStatistics(FanOut):
    """How often each article was viewed and reacted to, and what became of it."""

    name = "article_statistics"
    of = Articles
    permission = READ_ARTICLES
    path = "/articles/{id}"
    records = "statistics"
    component = "article_statistics"
    primary_keys = ("article_id",)
    selected_by_default = False


class ArticleVersions(FanOut):
    """The versions of each article, newest first, without their bodies."""

    name = "article_versions"
    of = Articles
    permission = READ_ARTICLES
    path = "/articles/{id}/versions"
    component = "article_version_summary"
    primary_keys = ("article_id", "id")
    min_version = "2.16"
    selected_by_default = False


class ArticleDrafts(FanOut):
    """What has been written for an article and is not published yet."""

    name = "article_drafts"
    of = Articles
    permission = READ_ARTICLES
    path = "/articles/{id}/draft"
    only_if = "has_unpublished_changes"
    records = ""
    component = "article"
    primary_keys = ("article_id",)
    min_version = "2.16"
    selected_by_default = False


class InternalArticles(List):
    """The articles for teammates only."""

    name = "internal_articles"
    permission = READ_ARTICLES
    path = "/internal_articles"
    component = "internal_article_list_item"
    replication_key = "updated_at"
    min_version = "2.13"


class Collections(List):
    """The help centre's collections, in all their languages."""

    name = "collections"
    noun = "collection"
    permission = READ_ARTICLES
    path = "/help_center/collections"
    component = "collection"
    replication_key = "updated_at"
    newest_first = True


class HelpCenters(List):
    """The help centres, with their addresses and languages."""

    name = "help_centers"
    noun = "help_center"
    permission = READ_ARTICLES
    path = "/help_center/help_centers"
    component = "help_center"
    min_version = "2.7"


class HelpCenterRedirects(FanOut):
    """The old addresses that lead to articles and collections of a help centre."""

    name = "help_center_redirects"
    of = HelpCenters
    permission = "read_help_center_redirects_scope"
    path = "/help_center/help_centers/{id}/redirects"
    params = {"per_page": 250}
    component = "help_center_redirect"
    primary_keys = ("help_center_id", "id")
    min_version = "2.16"
    selected_by_default = False


class NewsItems(List):
    """The news, and which feeds they are in."""

    name = "news_items"
    permission = READ_NEWS
    path = "/news/news_items"
    component = "news_item"
    replication_key = "updated_at"
    min_version = "2.7"


class Newsfeeds(List):
    """The feeds that news are published in."""

    name = "newsfeeds"
    noun = "newsfeed"
    permission = READ_NEWS
    path = "/news/newsfeeds"
    component = "newsfeed"
    min_version = "2.7"


class NewsfeedItems(FanOut):
    """The news that are live in each feed."""

    name = "newsfeed_items"
    of = Newsfeeds
    permission = READ_NEWS
    path = "/news/newsfeeds/{id}/items"
    component = "news_item"
    primary_keys = ("newsfeed_id", "id")
    min_version = "2.7"
    selected_by_default = False


class ContentImportSources(List):
    """The websites that external pages are read from."""

    name = "content_import_sources"
    permission = READ_AI_CONTENT
    path = "/ai/content_import_sources"
    component = "content_import_source"
    min_version = "2.12"
    selected_by_default = False


class ExternalPages(List):
    """The pages of other websites that Fin answers from, with their HTML."""

    name = "external_pages"
    permission = READ_AI_CONTENT
    path = "/ai/external_pages"
    component = "external_page"
    replication_key = "updated_at"
    min_version = "2.12"
    selected_by_default = False


class ContentSnippets(List):
    """The short texts that Fin answers from."""

    name = "content_snippets"
    permission = "reading content snippets"
    path = "/content_snippets"
    params = {"per_page": 50}
    component = "content_snippet"
    replication_key = "updated_at"
    min_version = "2.16"
    selected_by_default = False


class Audiences(List):
    """The groups of people that content can be meant for."""

    name = "audiences"
    permission = "reading audiences"
    path = "/audiences"
    params = {"per_page": 50}
    component = "audience"
    replication_key = "updated_at"
    min_version = "2.16"
    selected_by_default = False


class Folders(List):
    """The folders that content is filed in."""

    name = "folders"
    permission = READ_ARTICLES
    path = "/folders"
    params = {"per_page": 150}
    component = "folder"
    replication_key = "updated_at"
    min_version = "2.17"
    selected_by_default = False


class DynamicContents(List):
    """The texts that messages insert, in their variations."""

    name = "dynamic_contents"
    permission = "read_dynamic_content"
    path = "/dynamic_contents"
    component = "dynamic_content"
    replication_key = "updated_at"
    newest_first = True
    min_version = "2.17"
    selected_by_default = False


class Macros(List):
    """The saved replies of teammates."""

    name = "macros"
    permission = "read_conversations"
    path = "/macros"
    params = {"per_page": 150}
    component = "macro"
    replication_key = "updated_at"
    since_param = "updated_since"
    min_version = "2.16"
