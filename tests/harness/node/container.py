"""The life of one container: pull, start, probe, end, and again."""

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from harness.images import Image
from harness.node.backoff import Backoff
from harness.node.context import PodContext, note_running
from harness.node.environment import NoCommandError
from harness.node.fields import UnknownFieldError
from harness.node.instance import Instance, StartError, start_instance
from harness.node.launching import Prepared, RefusedError, prepare
from harness.node.objects import Object
from harness.node.probes import Probe, parse_probe
from harness.node.probing import FAILURE, Prober
from harness.node.records import Record, Running, Terminated, Waiting
from harness.node.sources import MissingSourceError
from harness.node.status import full_image_name

CONFIG_RETRY = 1.0
# How long a failed pull shows as ErrImagePull before it shows as ImagePullBackOff.
PULL_ERROR_SECONDS = 1.0


@dataclass(frozen=True)
class _Current:
    """The running instance and what belongs to it."""

    spec: Object
    prepared: Prepared
    instance: Instance
    prober: Prober
    began: datetime


class Container:
    """Runs one container of a pod until its restart policy says that it is done."""

    def __init__(self, context: PodContext, record: Record) -> None:
        self._context = context
        self.record = record
        self._current: _Current | None = None

    async def run(self, *, initializing: bool = False) -> None:
        """Return when the container ended and must not be restarted.

        When cancelled, a running instance stays for `stop`.
        """
        restarts = Backoff()
        while True:
            ended = await self._run_once()
            if not self._must_restart(ended, initializing=initializing):
                return
            ran_for = (ended.finished_at - ended.started_at).total_seconds()
            if delay := restarts.restart_delay(ran_for):
                self._wait("CrashLoopBackOff", self._restart_message(delay))
                await asyncio.sleep(delay)

    async def stop(self, grace: float) -> None:
        """Run the preStop hook, send SIGTERM, and SIGKILL when `grace` seconds are over."""
        if self._current is None:
            return
        instance = self._current.instance
        try:
            async with asyncio.timeout(grace):
                await _pre_stop(self._current)
                instance.signal(signal.SIGTERM)
                await instance.wait()
        except TimeoutError:
            instance.signal(signal.SIGKILL)
            await instance.wait()

    def kill(self) -> None:
        """SIGKILL at once."""
        if self._current is not None:
            self._current.instance.signal(signal.SIGKILL)

    async def settle(self) -> None:
        """Record the end of an instance that was stopped after `run` was cancelled."""
        if self._current is not None:
            await self._record_end(self._current)

    def is_outdated(self) -> bool:
        """Whether the running instance is of another image than the pod names by now."""
        current = self._current
        return current is not None and bool(current.spec["image"] != self._newest_spec()["image"])

    def _newest_spec(self) -> Object:
        return self._context.container(self.record.name)

    async def _run_once(self) -> Terminated:
        current = await self._start()
        async with self._probing(current):
            await current.instance.wait()
        return await self._record_end(current)

    async def _start(self) -> _Current:
        """Try until an instance runs."""
        while True:
            spec, image = await self._pull()
            try:
                prepared = prepare(self._context, spec, image)
                return self._begin(spec, prepared, await start_instance(prepared.launch))
            except (MissingSourceError, UnknownFieldError, RefusedError) as error:
                self._wait("CreateContainerConfigError", str(error))
            except (NoCommandError, StartError) as error:
                self._wait("CreateContainerError", str(error))
            await self._context.poked(CONFIG_RETRY)

    def _begin(self, spec: Object, prepared: Prepared, instance: Instance) -> _Current:
        context = self._context
        note_running(context.node.paths.running(context.key, self.record.name), instance.pid)
        prober = Prober(spec, context.ip, instance)
        self._current = _Current(spec, prepared, instance, prober, datetime.now(UTC))
        running = Running(self._current.began)
        self.record.begin(running, prepared.container_id, _image_id(spec["image"]))
        context.on_change()
        return self._current

    async def _pull(self) -> tuple[Object, Image]:
        delays = Backoff()
        while True:
            spec = self._context.container(self.record.name)
            reference = spec["image"]
            image = self._context.node.find_image(reference)
            if image is not None:
                return spec, image
            error = _not_found(reference)
            self._wait("ErrImagePull", error)
            await asyncio.sleep(PULL_ERROR_SECONDS)
            message = f'Back-off pulling image "{reference}": ErrImagePull: {error}'
            self._wait("ImagePullBackOff", message)
            await self._image_changed(reference, delays.delay() - PULL_ERROR_SECONDS)

    async def _image_changed(self, reference: str, seconds: float) -> None:
        """Return after `seconds`, or earlier when the pod names another image."""
        deadline = asyncio.get_running_loop().time() + seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            if self._context.container(self.record.name)["image"] != reference:
                return
            await self._context.poked(left)

    async def _record_end(self, current: _Current) -> Terminated:
        code = await current.instance.wait()
        current.instance.close()
        self._current = None
        context, prepared = self._context, current.prepared
        context.node.paths.running(context.key, self.record.name).unlink(missing_ok=True)
        words = prepared.last_words(current.spec, code)
        now = datetime.now(UTC)
        ended = Terminated(code, current.began, now, prepared.container_id, words)
        self.record.end(ended)
        context.on_change()
        return ended

    def _must_restart(self, ended: Terminated, *, initializing: bool) -> bool:
        policy: str = self._context.pod["spec"].get("restartPolicy", "Always")
        if ended.exit_code == 0:
            return policy == "Always" and not initializing
        return policy != "Never"

    def _restart_message(self, delay: float) -> str:
        namespace, pod = self._context.key
        uid = self._context.pod["metadata"]["uid"]
        return (
            f"back-off {_duration(delay)} restarting failed container={self.record.name} "
            f"pod={pod}_{namespace}({uid})"
        )

    def _wait(self, reason: str, message: str) -> None:
        self.record.wait(Waiting(reason, message))
        self._context.on_change()

    @asynccontextmanager
    async def _probing(self, current: _Current) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._follow_probes(current))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _follow_probes(self, current: _Current) -> None:
        spec, prober = current.spec, current.prober
        startup = parse_probe(spec.get("startupProbe"))
        if startup and not await prober.verdict(startup):
            await self._give_up(startup)
            return
        readiness = parse_probe(spec.get("readinessProbe"))
        self.record.started = True
        self._set_ready(readiness is None)
        async with asyncio.TaskGroup() as group:
            if readiness:
                group.create_task(prober.watch(readiness, self._set_ready))
            if liveness := parse_probe(spec.get("livenessProbe")):
                group.create_task(self._live_or_die(prober, liveness))

    async def _live_or_die(self, prober: Prober, liveness: Probe) -> None:
        await prober.verdict(liveness, accepted=FAILURE)
        await self._give_up(liveness)

    async def _give_up(self, probe: Probe) -> None:
        pod_grace = self._context.pod["spec"].get("terminationGracePeriodSeconds", 30)
        await self.stop(pod_grace if probe.grace is None else probe.grace)

    def _set_ready(self, ready: bool) -> None:
        self.record.ready = ready
        self._context.on_change()


async def _pre_stop(current: _Current) -> None:
    hook = current.spec.get("lifecycle", {}).get("preStop")
    if hook:
        try:
            await current.prober.act(hook)
        except (OSError, ValueError, aiohttp.ClientError):
            return  # A failed hook does not keep the container alive.


def _image_id(reference: str) -> str:
    digest = hashlib.sha256(reference.encode()).hexdigest()
    repository = full_image_name(reference).rsplit("@")[0].rsplit(":", 1)[0]
    return f"{repository}@sha256:{digest}"


def _not_found(reference: str) -> str:
    name = full_image_name(reference)
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
        f'failed to resolve reference "{name}": {name}: not found'
    )


def _duration(seconds: float) -> str:
    """As Go prints it: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
