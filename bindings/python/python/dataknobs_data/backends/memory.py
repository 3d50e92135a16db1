from ..database import Database, SyncDatabase


class MemoryDatabase(Database):
    _backend = "memory"


class SyncMemoryDatabase(SyncDatabase):
    _backend = "memory"
