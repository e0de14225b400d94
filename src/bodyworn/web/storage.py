"""Static files under hashed names, our modules that import each other included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS = (r"""(?P<matched>from "(?P<url>\./[^"]*)";)""", 'from "%(url)s";')


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types shipped
    """Django leaves imports between ES modules alone, and a new release could then meet an old
    module in a browser's cache. Its own switch for them reads everybody's scripts and stumbles
    over an example in a comment, so this one reads ours."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("own/*.js", (_IMPORTS,)))
