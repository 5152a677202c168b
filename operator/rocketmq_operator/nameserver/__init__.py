"""The NameServer: pure tables and a processor in the middle; sockets, files and HTTP around."""
