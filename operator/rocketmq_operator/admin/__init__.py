"""mqadmin and the client it is made of; the operator uses the client too."""
