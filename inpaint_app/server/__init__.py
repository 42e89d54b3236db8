"""What stands between strangers and the work: visitors, their files, limits, endpoints for programs (HTTP, MCP).

No component of the page lives here; the page calls in, never the other way.
"""
