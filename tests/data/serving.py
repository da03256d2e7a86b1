"""A web server on this machine that can be told to misbehave, for tests of downloads."""

import contextlib
import email.utils
import hashlib
import http.server
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONTENT = os.urandom(300_000)


@dataclass
class Site:
    """What the server holds and how it behaves; the tests change it while it runs.

    Attributes:
        files: path -> content.
        misbehave: statuses (with headers) to answer first, one a request.
        cut: bytes after which the connection breaks, one entry a request that is served.
        ranges: whether Range is understood; if_range: whether If-Range is.
        asked: (path, Range, If-Range) of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    misbehave: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    ranges: bool = True
    if_range: bool = True
    etags: bool = True
    length: bool = True
    redirects: dict[str, str] = field(default_factory=dict)
    before_serving: threading.Event | None = None
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    url: str = ""

    def etag(self, path: str) -> str:
        return f'"{hashlib.md5(self.files[path]).hexdigest()}"'


def files(folder: Path) -> list[str]:
    """Names of all files of a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


@contextlib.contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            serve(site, self)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()


def serve(site: Site, request: http.server.BaseHTTPRequestHandler) -> None:
    path, wanted, version = request.path, request.headers.get("Range"), request.headers.get("If-Range")
    site.asked.append((path, wanted, version))
    if site.misbehave:
        return answer(request, *site.misbehave.pop(0))
    if path in site.redirects:
        return answer(request, 302, {"Location": site.redirects[path]})
    if path not in site.files:
        return answer(request, 404, {})
    if site.before_serving:
        site.before_serving.wait(5)
    content, start = site.files[path], None
    if wanted and site.ranges and (not version or not site.if_range or version == site.etag(path)):
        start, _, last = wanted.removeprefix("bytes=").partition("-")
        start, content = int(start), content[: int(last) + 1 if last else None]
        if start >= len(content):
            return answer(request, 416, {"Content-Range": f"bytes */{len(content)}"})
    headers = {"Last-Modified": email.utils.formatdate(0, usegmt=True)} if site.if_range else {}
    if site.etags:
        headers["ETag"] = site.etag(path)
    if site.length:
        headers["Content-Length"] = str(len(content) - (start or 0))
    partial = start is not None
    if partial:
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(site.files[path])}"
    body = content[start:]
    answer(request, 206 if partial else 200, headers, body[: site.cut.pop(0)] if site.cut else body)
    request.close_connection = True


def answer(
    request: http.server.BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes = b""
) -> None:
    request.send_response(status)
    for name, value in (headers if body else {"Content-Length": "0"} | headers).items():
        request.send_header(name, value)
    request.end_headers()
    with contextlib.suppress(ConnectionError):
        request.wfile.write(body)
