"""``kubectl nsc``: what a person asks of NameServerClusters from a terminal.

Commands (``commands/``) gather and ask; what is told is made by pure modules from plain data, so
that every page and every piece of advice can be tested without a cluster. The Kubernetes API is
reached in ``access``, the servers' HTTP views in ``reach``, and nowhere else.
"""
