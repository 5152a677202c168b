"""What others run NameServers with, as NameServerClusters.

Every field of what is read either has its counterpart in the result or a remark: nothing is lost
without a word. ``convert`` is all that others need.
"""

from rocketmq_operator.reconciler.conversion.files import Conversion, convert

__all__ = ["Conversion", "convert"]
