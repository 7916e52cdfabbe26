"""Serving: models behind an HTTP server, each in a process of its own."""
