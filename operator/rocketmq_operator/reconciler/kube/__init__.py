"""The Kubernetes edge: the API, a cache of what it said, the Lease, and Events.

Objects are plain dicts as the API serves them; decisions about them live in the pure modules above.
"""
