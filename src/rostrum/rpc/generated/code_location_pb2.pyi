from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PingRequest(_message.Message):
    __slots__ = ("echo",)
    ECHO_FIELD_NUMBER: _ClassVar[int]
    echo: str
    def __init__(self, echo: _Optional[str] = ...) -> None: ...

class PingReply(_message.Message):
    __slots__ = ("echo", "server_id")
    ECHO_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    echo: str
    server_id: str
    def __init__(self, echo: _Optional[str] = ..., server_id: _Optional[str] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatusReply(_message.Message):
    __slots__ = ("server_id", "location", "revision", "server_pid", "zygote_pid", "fork", "evaluators", "workers")
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SERVER_PID_FIELD_NUMBER: _ClassVar[int]
    ZYGOTE_PID_FIELD_NUMBER: _ClassVar[int]
    FORK_FIELD_NUMBER: _ClassVar[int]
    EVALUATORS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    server_id: str
    location: str
    revision: int
    server_pid: int
    zygote_pid: int
    fork: str
    evaluators: int
    workers: int
    def __init__(self, server_id: _Optional[str] = ..., location: _Optional[str] = ..., revision: _Optional[int] = ..., server_pid: _Optional[int] = ..., zygote_pid: _Optional[int] = ..., fork: _Optional[str] = ..., evaluators: _Optional[int] = ..., workers: _Optional[int] = ...) -> None: ...

class ManifestRequest(_message.Message):
    __slots__ = ("known_hash", "known_parts")
    KNOWN_HASH_FIELD_NUMBER: _ClassVar[int]
    KNOWN_PARTS_FIELD_NUMBER: _ClassVar[int]
    known_hash: str
    known_parts: bytes
    def __init__(self, known_hash: _Optional[str] = ..., known_parts: _Optional[bytes] = ...) -> None: ...

class ReloadRequest(_message.Message):
    __slots__ = ("known_parts",)
    KNOWN_PARTS_FIELD_NUMBER: _ClassVar[int]
    known_parts: bytes
    def __init__(self, known_parts: _Optional[bytes] = ...) -> None: ...

class WaitForChangeRequest(_message.Message):
    __slots__ = ("revision", "seconds")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    seconds: float
    def __init__(self, revision: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class WaitForChangeReply(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class ManifestPart(_message.Message):
    __slots__ = ("header", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: ManifestHeader
    data: bytes
    def __init__(self, header: _Optional[_Union[ManifestHeader, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class ManifestHeader(_message.Message):
    __slots__ = ("payload_version", "manifest_hash", "revision", "fork", "error", "has_data", "compression")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_HASH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    FORK_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    HAS_DATA_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    manifest_hash: str
    revision: int
    fork: str
    error: bytes
    has_data: bool
    compression: str
    def __init__(self, payload_version: _Optional[int] = ..., manifest_hash: _Optional[str] = ..., revision: _Optional[int] = ..., fork: _Optional[str] = ..., error: _Optional[bytes] = ..., has_data: bool = ..., compression: _Optional[str] = ...) -> None: ...

class EvaluateRequest(_message.Message):
    __slots__ = ("payload_version", "tick", "deadline_seconds")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    tick: bytes
    deadline_seconds: float
    def __init__(self, payload_version: _Optional[int] = ..., tick: _Optional[bytes] = ..., deadline_seconds: _Optional[float] = ...) -> None: ...

class EvaluateReply(_message.Message):
    __slots__ = ("payload_version", "result")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    result: bytes
    def __init__(self, payload_version: _Optional[int] = ..., result: _Optional[bytes] = ...) -> None: ...

class PartitionKeysRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class PartitionKeysPart(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, keys: _Optional[_Iterable[str]] = ...) -> None: ...

class LaunchRequest(_message.Message):
    __slots__ = ("payload_version", "spec")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    spec: bytes
    def __init__(self, payload_version: _Optional[int] = ..., spec: _Optional[bytes] = ...) -> None: ...

class LaunchReply(_message.Message):
    __slots__ = ("payload_version", "worker")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    worker: bytes
    def __init__(self, payload_version: _Optional[int] = ..., worker: _Optional[bytes] = ...) -> None: ...

class TerminateRequest(_message.Message):
    __slots__ = ("payload_version", "worker", "force")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    worker: bytes
    force: bool
    def __init__(self, payload_version: _Optional[int] = ..., worker: _Optional[bytes] = ..., force: bool = ...) -> None: ...

class TerminateReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class InspectRequest(_message.Message):
    __slots__ = ("payload_version", "worker")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    worker: bytes
    def __init__(self, payload_version: _Optional[int] = ..., worker: _Optional[bytes] = ...) -> None: ...

class InspectReply(_message.Message):
    __slots__ = ("payload_version", "status")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    status: bytes
    def __init__(self, payload_version: _Optional[int] = ..., status: _Optional[bytes] = ...) -> None: ...

class AdoptRequest(_message.Message):
    __slots__ = ("run_ids",)
    RUN_IDS_FIELD_NUMBER: _ClassVar[int]
    run_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AdoptReply(_message.Message):
    __slots__ = ("payload_version", "workers")
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    payload_version: int
    workers: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, payload_version: _Optional[int] = ..., workers: _Optional[_Iterable[bytes]] = ...) -> None: ...
