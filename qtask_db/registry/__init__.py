"""What may stand where the URL of a database is taken: a name that this program or its environment
knows, and the address of a registry, in ZooKeeper or in files, that the Go library reads, too.
"""
