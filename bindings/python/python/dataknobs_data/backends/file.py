from ..database import Database, SyncDatabase


class FileDatabase(Database):
    _backend = "file"


class SyncFileDatabase(SyncDatabase):
    _backend = "file"
