"""Commands over TCP: one client connection, and the server side of many. The only sockets here."""
