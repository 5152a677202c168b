"""Clusters of real nodes by kind, on a machine with an image registry or without one."""
