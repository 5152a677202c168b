"""The route tables (Java's ``RouteInfoManager``): who serves which topic, and who is alive. Pure.

Every method is one step that nothing interrupts, except ``register``, which pauses between slices
of a large topic table. Times are milliseconds given by the caller.
"""

from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence

from rocketmq_operator.nameserver.brokers import (
    DEFAULT_TIMEOUT,
    MASTER,
    Fingerprint,
    Group,
    Identity,
    Key,
    Leaving,
    Live,
    Notice,
    Registered,
    Watcher,
    shown_acting,
)
from rocketmq_operator.nameserver.departures import Departures
from rocketmq_operator.nameserver.topics import PERM_WRITE, Entries, TopicTable
from rocketmq_operator.protocol.bodies import (
    ClusterInfo,
    DataVersion,
    QueueData,
    TopicConfigTable,
    TopicQueueMappingInfo,
    TopicRouteData,
)
from rocketmq_operator.protocol.registration import Registration

_SYNC_TOPIC = "rmq_sys_SYNC_BROKER_MEMBER_"
_ALL_BITS = -1
_NO_TABLE = TopicConfigTable(topic_config_table=None)


class RouteTable:
    """All tables. ``revision`` moves whenever what ``brokers`` shows changed, times aside."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.revision = 0
        self.topics = TopicTable(watcher.topic_changed)
        self.groups: dict[str, Group] = {}
        self.clusters: dict[str, dict[str, None]] = {}
        self.live: dict[Key, Live] = {}
        self.filters: dict[Key, list[str | None]] = {}
        self.mappings: dict[str, dict[str, TopicQueueMappingInfo]] = {}
        self.departures = Departures()
        self._channels: dict[Hashable, set[Key]] = {}
        self._notices: list[Notice] = []

    def refresh(self, fingerprint: Fingerprint, channel: Hashable, now: int) -> Registered | None:
        """Take a registration that equals that broker's last one; None if it must be applied."""
        identity = fingerprint.identity
        live = self.live.get(identity.key)
        if live is None or live.fingerprint != fingerprint:
            return None
        group = self.groups.get(identity.name)
        if group is None or live.stamp != group.stamp:
            return None
        live.last_update = now
        self._set_channel(identity.key, live, channel)
        return self._master_of(identity)

    def known_slices(self, identity: Identity) -> frozenset[int]:
        """Parts of a broker's table that need not be applied again if they come as they were."""
        live, group = self.live.get(identity.key), self.groups.get(identity.name)
        if live is None or group is None or live.identity != identity:
            return frozenset()
        same = (live.stamp, live.edits) == (group.stamp, self.topics.edits)
        return live.slices if same else frozenset()

    def register(
        self,
        fingerprint: Fingerprint,
        registration: Registration,
        channel: Hashable,
        now: int,
        *,
        delete_topics: bool = False,
    ) -> Generator[None, None, Registered | None]:
        """Apply a registration in Java's order, pausing in between; None if it is refused.

        ``delete_topics`` is the property deleteTopicWithBrokerRegistration.
        """
        identity, body = fingerprint.identity, registration.body
        table = body.topic_config_serialize_wrapper or _NO_TABLE
        version = table.data_version or DataVersion(timestamp=now)
        group = self._join(identity)
        previous_min = group.smallest or 0
        self._leave_other_seats(group, identity)
        if self._is_outdated(group, identity, version):
            self._forget(identity.key)
            return Registered()
        if identity.broker_id not in group.addresses:
            if table.topic_config_table is None:
                return Registered()  # Java fails here, says success, and leaves the group behind
            if len(table.topic_config_table) == 1:
                return None
        first, everything = self._take_seat(group, identity), False
        if self._speaks_for_topics(group, identity):
            everything = yield from self._apply_topics(
                group, identity, table, version, first, delete_topics
            )
        live = self._enlist(fingerprint, version, channel, now)
        live.slices = registration.slices if everything else frozenset()
        live.edits = self.topics.edits
        self._set_filters(identity, body.filter_server_list)
        if identity.broker_id < previous_min:
            self._notice(group, None, identity.ha_address)
        return self._master_of(identity)

    def _join(self, identity: Identity) -> Group:
        """Steps 1 to 3: cluster and group exist, and the group is as this member says."""
        self.clusters.setdefault(identity.cluster, {})[identity.name] = None
        group = self.groups.get(identity.name)
        if group is None:
            group = self.groups[identity.name] = Group(identity.cluster, identity.name)
            self._group_changed(group)
        described = (bool(identity.acting), identity.zone)
        if described != (group.acting, group.zone):
            group.acting, group.zone = described
            self._group_changed(group)
        return group

    def _leave_other_seats(self, group: Group, identity: Identity) -> None:
        """Step 5: an address has one id; it changes when a broker changes its role."""
        for broker_id, address in list(group.addresses.items()):
            if address == identity.address and broker_id != identity.broker_id:
                del group.addresses[broker_id]
                self._group_changed(group)

    def _is_outdated(self, group: Group, identity: Identity, version: DataVersion) -> bool:
        """Step 6: another live address holds the id with a newer state version."""
        holder = group.addresses.get(identity.broker_id)
        if holder is None or holder == identity.address:
            return False
        live = self.live.get((identity.cluster, holder))
        if live is None or live.provisional:
            return False
        return live.version.state_version > version.state_version

    def _take_seat(self, group: Group, identity: Identity) -> bool:
        """Step 8; returns whether the id was free (which a new group's always is)."""
        holder = group.addresses.get(identity.broker_id)
        if holder != identity.address:
            group.addresses[identity.broker_id] = identity.address
            self._group_changed(group)
        return not holder

    @staticmethod
    def _speaks_for_topics(group: Group, identity: Identity) -> bool:
        """Step 9: the master does, and the first slave of a 5.x group without one."""
        if identity.broker_id == MASTER:
            return True
        return identity.acting is not None and identity.broker_id == group.smallest

    def _apply_topics(
        self,
        group: Group,
        identity: Identity,
        table: TopicConfigTable,
        version: DataVersion,
        *flags: bool,
    ) -> Generator[None, None, bool]:
        """Enter the topics; returns whether also those that were there already."""
        first, delete_topics = flags
        live = self.live.get(identity.key)
        everything = first or live is None or live.provisional or live.version != version
        configs = table.topic_config_table
        if configs is None:
            return False
        mappings = table.topic_queue_mapping_info_map or {}
        if delete_topics and not mappings and self.topics.keep_only(group.name, configs):
            self._group_changed(group)
        slave = identity.broker_id != MASTER
        mask = ~PERM_WRITE if slave and group.acting else _ALL_BITS
        before = len(self.topics), self.topics.count(group.name)
        yield from self.topics.apply(group.name, configs.values(), everything=everything, mask=mask)
        if before != (len(self.topics), self.topics.count(group.name)):
            self.revision += 1
        if everything:
            self._set_mappings(mappings)
        return everything

    def _set_mappings(self, mappings: Mapping[str, TopicQueueMappingInfo]) -> None:
        for topic, info in mappings.items():
            known = self.mappings.setdefault(topic, {})
            if info.bname is not None and known.get(info.bname) != info:
                known[info.bname] = info
                self._watcher.topic_changed(topic)

    def _enlist(
        self, fingerprint: Fingerprint, version: DataVersion, channel: Hashable, now: int
    ) -> Live:
        """Step 10: the live entry, always renewed."""
        identity = fingerprint.identity
        live = self.live.get(identity.key)
        if live is None or (live.identity, live.version) != (identity, version):
            self.revision += 1
        if live is None:
            live = self.live[identity.key] = Live(identity, version, None, now)
        self.revision += live.provisional
        live.provisional = False
        self.departures.forget(identity.key)
        live.identity, live.version, live.last_update = identity, version, now
        live.fingerprint, live.stamp = fingerprint, self.groups[identity.name].stamp
        self._set_channel(identity.key, live, channel)
        return live

    def _set_channel(self, key: Key, live: Live, channel: Hashable) -> None:
        if live.channel != channel:
            self._leave_channel(key, live)
            live.channel = channel
            self._channels.setdefault(channel, set()).add(key)

    def _leave_channel(self, key: Key, live: Live) -> None:
        keys = self._channels.get(live.channel)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._channels[live.channel]

    def _set_filters(self, identity: Identity, servers: list[str | None] | None) -> None:
        """Step 11: None leaves what is known, an empty list removes it."""
        if servers is None or self.filters.get(identity.key, []) == servers:
            return
        if servers:
            self.filters[identity.key] = servers
        else:
            del self.filters[identity.key]
        self._watcher.broker_changed(identity.name)

    def _master_of(self, identity: Identity) -> Registered:
        """Step 12: where a slave finds its master, if that registered here in the same cluster."""
        if identity.broker_id == MASTER:
            return Registered()
        master = self.groups[identity.name].addresses.get(MASTER)
        live = self.live.get((identity.cluster, master)) if master else None
        if live is None or live.provisional:
            return Registered()
        return Registered(live.identity.ha_address, master)

    def _group_changed(self, group: Group) -> None:
        self.revision += 1
        group.stamp = self.revision
        self._watcher.broker_changed(group.name)

    # Leaving

    def unregister(self, leaving: Iterable[Leaving], now: int) -> Generator[None, None, None]:
        """Remove brokers by address, in one batch (Java's ``unRegisterBroker``).

        Addresses go at once, their topics in slices.
        """
        told = list(leaving)
        for each in told:
            live = self.live.get((each.cluster, each.address))
            timeout = DEFAULT_TIMEOUT if live is None else live.identity.timeout
            self.departures.note((each.cluster, each.address), now, timeout)
        yield from self._remove(told)

    def _remove(self, leaving: Iterable[Leaving]) -> Generator[None, None, None]:
        gone: set[str] = set()
        reduced: dict[str, Leaving | None] = {}
        for each in leaving:
            live = self._forget((each.cluster, each.address))
            if self.filters.pop((each.cluster, each.address), None) is not None:
                self._watcher.broker_changed(live.identity.name if live else each.name)
            group = self.groups.get(each.name)
            minimum_leaves = group is not None and each.broker_id == group.smallest
            if group is not None:
                self._leave_seats(group, each.address)
            if group is not None and not group.addresses:
                self._dissolve(group, each.cluster)
                gone.add(each.name)
            elif minimum_leaves or each.name not in reduced:
                reduced[each.name] = each if minimum_leaves else None
        yield from self.topics.drop_brokers(gone, self._without_master(reduced))
        self._notify_all(reduced)

    def _leave_seats(self, group: Group, address: str) -> None:
        for broker_id, held in list(group.addresses.items()):
            if held == address:
                del group.addresses[broker_id]
                self._group_changed(group)

    def _dissolve(self, group: Group, cluster: str) -> None:
        self._group_changed(group)
        del self.groups[group.name]
        self._leave_cluster(group.name, cluster)

    def _leave_cluster(self, name: str, cluster: str) -> None:
        names = self.clusters.get(cluster, {})
        names.pop(name, None)
        if not names:
            self.clusters.pop(cluster, None)

    def _without_master(self, names: Iterable[str]) -> set[str]:
        groups = (self.groups[name] for name in names if name in self.groups)
        return {group.name for group in groups if group.acting and MASTER not in group.addresses}

    def _forget(self, key: Key) -> Live | None:
        """Remove the live entry of one address."""
        live = self.live.pop(key, None)
        if live is not None:
            self.revision += 1
            self._leave_channel(key, live)
        return live

    def expired(self, now: int) -> list[Key]:
        """Who has not been heard of for longer than its heartbeat timeout."""
        return [key for key, live in self.live.items() if live.deadline < now]

    def of_channel(self, channel: Hashable) -> list[Key]:
        """All live entries whose last registration came over ``channel``."""
        return sorted(self._channels.get(channel, ()))

    def drop(self, keys: Iterable[Key], now: int) -> Generator[None, None, None]:
        """Unregister the live entries ``keys``; one whose seat another took is just forgotten.

        Of provisional ones nothing is noted: that they were not heard of here says nothing.
        """
        present = [key for key in keys if key in self.live]
        for live in (self.live[key] for key in present):
            if not live.provisional:
                self.departures.note(live.identity.key, now, live.identity.timeout)
        leaving = [self._leaving(key) for key in present]
        groups = [self.groups[each.name] for each in leaving if each.name in self.groups]
        yield from self._remove(leaving)
        for group in groups:
            if group.name not in self.groups:
                self._leave_cluster(group.name, group.cluster)

    def _leaving(self, key: Key) -> Leaving:
        cluster, address = key
        name = self.live[key].identity.name
        if self._renewed_elsewhere(key):
            return Leaving(cluster, address, "", None)
        group = self.groups.get(name)
        seats = group.addresses if group is not None else {}
        broker_id = next((seat for seat, held in seats.items() if held == address), None)
        return Leaving(cluster, address, name, broker_id)

    def _renewed_elsewhere(self, key: Key) -> bool:
        """Whether the address registered later under another cluster name."""
        since = self.live[key].last_update
        others = ((cluster, key[1]) for cluster in self.clusters if cluster != key[0])
        return any(other in self.live and self.live[other].last_update >= since for other in others)

    def beat(self, key: Key, now: int) -> DataVersion | None:
        """Take a sign of life; returns the registered version, or None: it is to register."""
        live = self.live.get(key)
        if live is None:
            return None
        live.last_update = now
        return None if live.provisional else live.version

    # What other servers know

    def adopt(
        self, identity: Identity, version: DataVersion, filters: list[str | None], heard: int
    ) -> None:
        """Enter a broker that another server heard at ``heard`` (ms), until it registers here."""
        if identity.key in self.live:
            return
        self._take_seat(self._join(identity), identity)
        self.live[identity.key] = Live(identity, version, None, heard, provisional=True)
        self._set_filters(identity, filters)

    def adopt_topics(
        self,
        topics: Mapping[str, Entries],
        mappings: Mapping[str, Mapping[str, TopicQueueMappingInfo]],
        vouched: Mapping[str, int],
    ) -> None:
        """Enter topics of adopted brokers; ``vouched``: when a server knew those of a name (ms)."""
        self.topics.adopt(topics, vouched)
        for topic, infos in mappings.items():
            for info in infos.values():
                self._set_mappings({topic: info})
        self.revision += 1

    def drop_overdue_topics(self, now: int) -> Generator[None, None, None]:
        """Remove what was adopted and is in no registration, after the time for one."""
        before = len(self.topics)
        yield from self.topics.drop_overdue(now)
        self.revision += before != len(self.topics)

    @property
    def provisional(self) -> dict[Key, int]:
        """Who has not registered here yet, with the time of its last known sign of life (ms)."""
        return {key: live.last_update for key, live in self.live.items() if live.provisional}

    # Notices of a changed smallest id

    def take_notices(self) -> list[Notice]:
        """What is to be sent since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def _notify_all(self, reduced: Mapping[str, Leaving | None]) -> None:
        for name, leaving in reduced.items():
            group = self.groups.get(name)
            if leaving is not None and group is not None and group.acting:
                self._notice(group, leaving.address, None)

    def _notice(self, group: Group, offline: str | None, ha_address: str | None) -> None:
        smallest = group.smallest
        if smallest is None:
            return
        everybody = offline is not None or len(group.addresses) == 1
        receivers = (
            address
            for broker_id, address in sorted(group.addresses.items())
            if everybody or broker_id != smallest
        )
        self._notices.append(
            Notice(
                group.name,
                tuple(receivers),
                smallest,
                group.addresses[smallest],
                offline,
                ha_address,
            )
        )

    # Topics changed by administrators

    def delete_topic(self, topic: str, cluster: str | None) -> None:
        """Drop a topic, or only what the brokers of ``cluster`` hold of it."""
        names = list(self.clusters.get(cluster, ())) if cluster else None
        for name in self.topics.remove(topic, names):
            if name in self.groups:
                self._group_changed(self.groups[name])
        self.revision += 1

    def add_topic(self, topic: str, queues: Sequence[QueueData]) -> None:
        """Enter a topic's queues up to the first unknown broker; a new topic all or nothing."""
        known = 0
        while known < len(queues) and queues[known].broker_name in self.groups:
            known += 1
        if known == len(queues) or self.topics.get(topic) is not None:
            self.topics.put(topic, queues[:known])
            self.revision += 1

    def set_perm(self, name: str, change: Callable[[int], int]) -> int:
        """Change the perm of all queues of broker ``name``; returns how many topics have some."""
        return self.topics.set_perm(name, change)

    # Questions

    def route(
        self, topic: str, *, acting_masters: bool, order: str | None = None
    ) -> TopicRouteData | None:
        """The route of ``topic``, or None if it has none.

        ``acting_masters`` is the property supportActingMaster, ``order`` the topic's order
        configuration.
        """
        entries = self.topics.get(topic)
        if entries is None:
            return None
        groups = [
            self.groups[each.broker_name] for each in entries if each.broker_name in self.groups
        ]
        if not groups:
            return None
        filters: dict[str, list[str | None]] = {}
        if self.filters:
            filters = self._filters_of(groups)
        datas = [group.data() for group in groups]
        if acting_masters and not topic.startswith(_SYNC_TOPIC):
            writable = {each.broker_name for each in entries if each.perm & PERM_WRITE}
            datas = [shown_acting(data, writable) for data in datas]
        return TopicRouteData(datas, filters, order, entries, self.mappings.get(topic))

    def _filters_of(self, groups: Iterable[Group]) -> dict[str, list[str | None]]:
        keys = (
            (group.cluster, address) for group in groups for address in group.addresses.values()
        )
        return {key[1]: self.filters[key] for key in keys if key in self.filters}

    def cluster_info(self) -> ClusterInfo:
        """All groups and clusters, ghosts without members included."""
        brokers = {name: group.data() for name, group in self.groups.items()}
        return ClusterInfo(brokers, {name: list(names) for name, names in self.clusters.items()})

    def live_of(self, group: Group, address: str) -> Live | None:
        """The live entry of a member, in whichever cluster it registered."""
        live = self.live.get((group.cluster, address))
        if live is not None:
            return live
        keys = ((cluster, address) for cluster in self.clusters)
        return next((self.live[key] for key in keys if key in self.live), None)
