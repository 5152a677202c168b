"""The operator: events wake one level-triggered `reconcile(key)`, which compares and writes.

Pure: spec, names, resources, sync, views, plan, rollout, conditions, reports. Edge: kube (the API),
wire (the servers), the loop and the process around it. Only handlers imports kopf.
"""
