"""The IO manager of object stores as it is bound in definitions. Apart from the others: it loads the library."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rostrum.definitions.resources.lifecycle import InitResourceContext
from rostrum.io_managers.configurable import FORMAT, TRUSTED, VERSIONS, KeptValues
from rostrum.io_managers.formats.choice import AUTO
from rostrum.io_managers.typed import TypedIOManager
from rostrum.object_store.store import ObjectStore


class ObjectStoreIOManager(KeptValues):
    """Keeps each value as an object of S3, Google Cloud Storage, Azure, or what speaks like one of them, in the format
    of its type. (`pip install "rostrum[object-store,formats]"`)
    """

    url: str = Field(
        description="Where: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, a folder, memory://name."
    )
    options: dict[str, str] = Field(
        default_factory=dict,
        description="Credentials, endpoint and more, as the store names them (aws_access_key_id, endpoint, ...). What "
        "is not given is found in the environment, or by the machine's role.",
    )
    format: str = Field(default=AUTO, description=FORMAT)
    versions: bool = Field(default=False, description=VERSIONS)
    trusted: bool = Field(default=False, description=TRUSTED)

    def make(self, context: InitResourceContext | None) -> Any:
        """The manager that stores and loads."""
        del context
        objects = ObjectStore(self.url, self.options)
        return TypedIOManager(objects, format=self.format, versions=self.versions, trusted=self.trusted)
