"""The image of the Java peers, and what it is built from elsewhere."""

from pathlib import Path

from harness.java.image import CONTENT, IN_IMAGE, NAMESERVER_LOGBACK, image_context
from harness.workspace import Workspace

SEEN = "java -version && ls /opt/rocketmq && echo a | sed s/a/seen/"


def test_a_pod_has_java_and_the_peers_at_their_place(workspace: Workspace) -> None:
    image = workspace.cluster.java_image()
    fields = {"image": image, "securityContext": {"readOnlyRootFilesystem": True}}
    workspace.apply(
        workspace.pod("java", "sh", "-ec", SEEN, restartPolicy="Never", **fields),
        workspace.pod("view", *_view(), restartPolicy="Never", **fields),
    )
    assert {"version", *CONTENT} <= set(workspace.wait_log("java", "seen").split())
    workspace.wait_log("view", "at View.main")


def test_the_build_context_has_all_that_the_image_is_made_of(tmp_path: Path) -> None:
    context = tmp_path / "context"
    image_context(context)
    text = (context / "Dockerfile").read_text()
    copied = [line.split()[1:] for line in text.splitlines() if line.startswith("COPY")]
    places = [(name, name) for name in CONTENT] + [("logback.xml", NAMESERVER_LOGBACK)]
    assert copied == [[name, str(IN_IMAGE.directory / place)] for name, place in places]
    assert all((context / name).exists() for name in CONTENT)


def _view() -> list[str]:
    """Our program on the jars; without arguments it fails in a way that is its own."""
    return ["java", "-cp", IN_IMAGE.classpath, "View"]
