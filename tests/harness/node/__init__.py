"""The embedded node: what a kubelet does, with bubblewrap in place of a container runtime.

Pure modules decide (objects, fields, environment, files, sandbox, records, status, probes,
backoff, names); edge modules act (api, informer, atomicdir, instance, probing, container, pod,
provisioner, registration, agent). Limits are listed in the harness's README.
"""
