"""The edge to the NameServers: asks every server what it shows and holds, and writes what differs.

Reads are cheap and safe (106, 206, 319, 219); ``QUERY_DATA_VERSION`` is never sent, because a
server takes it for a sign of life of the broker.
"""
