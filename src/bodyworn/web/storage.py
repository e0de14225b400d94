"""Static files under hashed names, modules that import each other included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types shipped
    """Django leaves the imports of ES modules alone unless it is told; then a new release could
    pair a new module with an old one from a browser's cache."""

    support_js_module_import_aggregation = True
