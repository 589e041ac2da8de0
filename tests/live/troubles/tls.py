"""An engine behind TLS: a proxy of the tests' own in front of its socket, and who trusts it."""

import contextlib
import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

from tests.targets.docker.proxy import ENGINE

# RFC 5280, section 4.2: what a strict check (Python 3.13) wants to be there.
_CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
_LEAF = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n"


class Authority:
    """A certificate authority, as `openssl` makes one; it signs servers and clients."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.cert, self._key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        config = folder / "ca.cnf"
        config.write_text(f"[req]\ndistinguished_name=dn\nx509_extensions=x\n[dn]\n[x]\n{_CA}"
                          "subjectKeyIdentifier=hash\n")  # fmt: skip
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-keyout", str(self._key), "-out", str(self.cert), "-days", "2",
                 "-subj", "/CN=tests", "-config", str(config))  # fmt: skip

    def sign(self, name: str, *, days: int = 2) -> tuple[Path, Path]:
        """A certificate for 127.0.0.1 and its key; one of a past day where `days` is 0."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        request, more = self.folder / f"{name}.csr", self.folder / f"{name}.cnf"
        more.write_text(f"{_LEAF}subjectAltName=IP:127.0.0.1\nsubjectKeyIdentifier=hash\n"
                        "authorityKeyIdentifier=keyid\n")  # fmt: skip
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-keyout", str(key), "-out", str(request), "-subj", f"/CN={name}")  # fmt: skip
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.cert), "-CAkey",
                 str(self._key), "-CAcreateserial", "-out", str(cert), "-days", str(days),
                 "-extfile", str(more))  # fmt: skip
        return cert, key


def client_folder(folder: Path, trusted: Authority, signer: Authority | None) -> Path:
    """A folder as DOCKER_CERT_PATH names it: whom it trusts, and who signed its client."""
    folder.mkdir(parents=True)
    shutil.copy(trusted.cert, folder / "ca.pem")
    if signer is not None:
        cert, key = signer.sign("client")
        shutil.copy(cert, folder / "cert.pem")
        shutil.copy(key, folder / "key.pem")
    return folder


def context(config: Path, name: str, host: str, files: Path) -> None:
    """A context of the docker CLI's, with these certificates."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts" / "meta" / digest
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    made = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    (meta / "meta.json").write_text(json.dumps(made))
    shutil.copytree(files, config / "contexts" / "tls" / digest / "docker")


class TlsProxy:
    """Ends TLS in front of the engine's socket; clients must have a certificate of `ca`'s."""

    def __init__(self, ca: Authority, *, days: int = 2) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*ca.sign("server", days=days))
        self._context.load_verify_locations(ca.cert)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self.let_in = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        raw.settimeout(10)
        with contextlib.suppress(OSError), raw:
            try:
                near = self._context.wrap_socket(
                    raw, server_side=True, do_handshake_on_connect=False
                )
                near.do_handshake()
            except ssl.SSLError:  # what it says of it must arrive: not cut off by unread bytes
                _drain(near)
                raise
            self.let_in += 1
            near.settimeout(None)
            far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            far.connect(ENGINE)
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join(10)
            near.close()
            far.close()


def _drain(near: ssl.SSLSocket) -> None:
    raw = socket.socket(fileno=near.detach())
    with raw:
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
