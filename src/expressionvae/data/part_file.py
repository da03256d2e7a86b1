"""The part of a file that has arrived, which a later attempt goes on from."""

import logging
from pathlib import Path

import requests
import yaml

from expressionvae.files import reason, require

log = logging.getLogger(__name__)


class Part:
    """What has arrived of a file, which version of it that is, and the size that the server stated last (`offered`)."""

    def __init__(self, destination: Path):
        self.path = destination.with_name(f".{destination.name}.part")
        self.note = destination.with_name(f".{destination.name}.part.yaml")
        self.offered: int | None = None

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def version(self) -> str | None:
        """ETag (a strong one) or date of the file on the server; with a damaged note goes what has arrived."""
        if not self.note.exists():
            return None
        try:
            version = yaml.safe_load(self.note.read_text(encoding="utf-8"))
            require(version is None or isinstance(version, str), f"it holds {version!r}")
            return version
        except (OSError, ValueError, yaml.YAMLError) as error:
            log.warning(
                f"{self.note}: damaged ({reason(error)}); {self.path.name} is downloaded from its start",
            )
            self.discard()
            return None

    def remember(self, response: requests.Response) -> None:
        etag = response.headers.get("ETag", "")
        version = etag if etag.startswith('"') else response.headers.get("Last-Modified")
        self.note.write_text(yaml.safe_dump(version), encoding="utf-8")

    def is_of(self, response: requests.Response) -> bool:
        """Whether a response tells of the version that has arrived in part, as far as it tells of any."""
        told = (response.headers.get("ETag"), response.headers.get("Last-Modified"))
        return self.version is None or not any(told) or self.version in told

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
