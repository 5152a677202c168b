"""What makes NetworkPolicies hold on our own nodes, whose bridge knows none: kube-router."""

from pathlib import Path
from typing import Final

from harness.gobuild import GoModule, GoProgram

PROGRAM: Final = GoProgram(
    "kube-router",
    GoModule(
        Path(__file__).parents[1] / "networkpolicies",
        ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w"),
    ),
    "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
)
IMAGE: Final = "local/kube-router:v2.1.0"
"""As the manifest of the node's network has it."""
