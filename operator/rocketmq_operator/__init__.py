"""NameServers for Apache RocketMQ on Kubernetes.

``protocol`` turns bytes into values, ``transport`` moves them, ``nameserver`` is the server,
``admin`` is mqadmin and its client, ``reconciler`` is the operator.
"""

__version__ = "0.1.0"
