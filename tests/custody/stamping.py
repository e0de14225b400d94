"""A time-stamp authority (RFC 3161) for tests: OpenSSL's own, over loopback HTTP.

Two configurations, as real authorities have them: with `certs =` OpenSSL writes the certificates
of a token in an order that DER forbids.
"""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CONFIGURATION = """
[ tsa ]
default_tsa = one
[ one ]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = {digests}
tsa_name = yes
ess_cert_id_alg = sha256
{more}
"""
EXTENSIONS = """
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, {use}
"""
NAME = "Observatory"
has_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


class Authority:
    """An authority with its own root; `use` is what its certificate says that it is for."""

    def __init__(self, folder: Path, *, use: str = "timeStamping") -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.trusted = folder / "ca.pem"
        self._certify(use)
        (folder / "serial").write_text("01\n")
        self.configure()

    def configure(self, *, is_unsorted: bool = False, digests: str = "sha256, sha512") -> None:
        """How it answers from now on."""
        more = f"certs = {self.trusted}" if is_unsorted else ""
        text = CONFIGURATION.format(folder=self._folder, digests=digests, more=more)
        (self._folder / "tsa.cnf").write_text(text)

    def answer(self, question: bytes) -> bytes:
        """Its reply to a request."""
        config = str(self._folder / "tsa.cnf")
        query, reply = self._folder / "question.tsq", self._folder / "answer.tsr"
        query.write_bytes(question)
        files = ("-queryfile", str(query), "-out", str(reply))
        self._openssl("ts", "-reply", "-config", config, *files)
        return reply.read_bytes()

    def _certify(self, use: str) -> None:
        """A root, and a certificate under it."""
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        self._openssl(
            *("req", "-x509", *curve, "-days", "3650", "-subj", "/CN=Root of time"),
            *("-keyout", "ca.key", "-out", "ca.pem"),
        )
        self._openssl("req", *curve, "-subj", f"/CN={NAME}", "-keyout", "tsa.key", "-out", "csr")
        (self._folder / "extensions").write_text(EXTENSIONS.format(use=use))
        self._openssl(
            *("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "3650"),
            *("-CAcreateserial", "-extfile", "extensions", "-out", "tsa.pem"),
        )

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self._folder, check=True, capture_output=True)


@contextmanager
def listening(authority: Authority) -> Iterator[str]:
    """Its address while it serves."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["content-length"]))
            body = authority.answer(question)
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
