"""The API for machines: JSON over HTTP, described by OpenAPI 3.1 at `/api/v1/openapi.json`.

A file an area. Errors are problem+json (RFC 9457) with our stable code and a hint; the middleware
writes them. There is no page of documentation that would load scripts from somewhere else.
"""
