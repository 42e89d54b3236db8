"""The app for programs: what a call may say, what runs for it, and what it gets back, over HTTP and MCP.

Thin: a call becomes the same request that the page makes.
"""
