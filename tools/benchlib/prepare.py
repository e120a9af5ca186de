# SPDX-License-Identifier: MIT
"""Builds Weft and the peers into build-bench/, and says what cannot be had."""

import filecmp
import json
import os
import pathlib
import shutil
import subprocess

from . import servers

BUILD = pathlib.Path(servers.BUILD)
PEERS = pathlib.Path(servers.PEERS)
SOURCE = pathlib.Path("bench/peers")
PICTURE = ("python3-matplotlib",)
TOOLS = ("openssl", "util-linux")

# What is compiled: (source, command, libraries).
C = ("cc", "-std=gnu11", "-D_GNU_SOURCE", "-O3", "-DNDEBUG", "-flto",
     "-march=native")
CXX = ("c++", "-std=c++17", "-O3", "-DNDEBUG", "-flto=auto", "-march=native")
COMPILED = {
    "floor": ("bench/floor.c", C, ("-lcrypto",)),
    "libwebsockets": ("bench/peers/libwebsockets_peer.c", C,
                      ("-lwebsockets",)),
    "beast": ("bench/peers/beast_peer.cpp", CXX, ("-lssl", "-lcrypto")),
}
VERSION_OF = {"libwebsockets": "libwebsockets-dev", "beast": "libboost-dev",
              "websockets": "python3-websockets", "websocketd": "websocketd"}
NPM_OF = {"uws": "@trufflesuite/uws-js-unofficial",
          "bun": "@oven/bun-linux-*", "deno": "@deno/linux-*", "ws": "ws"}


class Missing(Exception):
    """A peer cannot be had, and why."""


def say(text):
    print(f"bench: {text}", flush=True)


def run(command, **rest):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False, **rest)


def package_version(package):
    """Of an installed package, "" for one that is not."""
    if not shutil.which("dpkg-query"):
        return ""
    told = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}",
                package]).stdout.split()
    return told[1] if told[:1] == ["installed"] else ""


def is_met(package):
    return (package_version(package) or
            package in ("nodejs", "npm") and shutil.which(
                package.replace("nodejs", "node")))


def install(packages):
    """Those that are missing, through apt-get. One that cannot be had must not
    keep the others away."""
    missing = [name for name in dict.fromkeys(packages) if not is_met(name)]
    if not missing or not shutil.which("apt-get"):
        return
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q",
           "-y", "-o", "DPkg::Lock::Timeout=300"]
    say(f"installing with apt-get: {' '.join(missing)}")
    run([*apt, "update"])
    for name in missing:
        run([*apt, "install", "--no-install-recommends", name])


def check_packages(server):
    missing = [name for name in server.packages if not is_met(name)]
    if missing and shutil.which("dpkg-query"):
        raise Missing(f"Debian's {', '.join(missing)} cannot be installed")


def compile_peer(name):
    source, compiler, libraries = COMPILED[name]
    out = BUILD / name
    if out.exists() and out.stat().st_mtime > os.stat(source).st_mtime:
        return
    say(f"compiling {source}")
    told = run([*compiler, "-o", out, source, *libraries])
    if told.returncode:
        out.unlink(missing_ok=True)
        lines = [line for line in told.stderr.splitlines() if "error" in line]
        raise Missing(f"does not compile: {(lines or ['?'])[0]}")


def copy_scripts():
    PEERS.mkdir(parents=True, exist_ok=True)
    for path in SOURCE.iterdir():
        if path.suffix in (".mjs", ".py", ".json"):
            shutil.copy(path, PEERS)


def install_modules():
    """As the lock file has them; without the packages' own scripts, which none
    of them needs."""
    lock, stamp = PEERS / "package-lock.json", PEERS / ".installed"
    if stamp.exists() and filecmp.cmp(lock, stamp, shallow=False):
        return
    say("installing the peers' node packages with npm ci")
    told = run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
               cwd=PEERS)
    if told.returncode:
        raise Missing("npm ci failed: " + (told.stderr.strip() or "?")
                      .splitlines()[-1])
    shutil.copy(lock, stamp)


def probe(server):
    """Whether a peer of npm's runs on this machine at all."""
    program = server.program[0]
    if not shutil.which(program):
        raise Missing(f"npm has brought no {os.path.basename(program)} that "
                      "runs here")
    if server.name != "uws":
        return
    told = run(server.program, env=servers.environment())
    if told.returncode != 2:  # its usage, once the native part has loaded
        raise Missing("its native part does not load here")


def prepare_peer(server):
    check_packages(server)
    if server.name in COMPILED:
        compile_peer(server.name)
    if "npm" in server.packages:
        install_modules()
        server = servers.by_name()[server.name]
        probe(server)


def prepare_peers(chosen):
    """Returns why each one cannot be had that cannot."""
    install([*TOOLS, *PICTURE,
             *(name for server in chosen for name in server.packages)])
    copy_scripts()
    missing = {}
    for server in chosen:
        try:
            if server.program:
                prepare_peer(server)
        except Missing as error:
            missing[server.name] = str(error)
            say(f"{server.name} cannot be had: {error}")
    return missing


def build_weft():
    """The program's path; WEFT names one that is built already."""
    given = os.environ.get("WEFT")
    if given:
        return given
    for command in ["script/bootstrap", "build"], ["script/build", "release"]:
        if subprocess.run(command, stdin=subprocess.DEVNULL,
                          check=False).returncode:
            raise Missing(f"{' '.join(command)} failed")
    return "build/weft"


def make_certificate():
    """One for all servers, for this machine alone: (certificate, key)."""
    folder = BUILD / "tls"
    files = str(folder / "localhost.pem"), str(folder / "localhost.key")
    folder.mkdir(parents=True, exist_ok=True)
    if all(os.path.exists(name) for name in files) and run(
            ["openssl", "x509", "-in", files[0], "-noout", "-checkend",
             "86400"]).returncode == 0:
        return files
    told = run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-out", files[0],
                "-keyout", files[1], "-days", "365", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
    if told.returncode:
        raise Missing(f"openssl req failed: {told.stderr.strip()}")
    return files


def npm_version(package):
    """Of a package that is installed, "" for one that is not."""
    for path in PEERS.glob(f"node_modules/{package}/package.json"):
        return json.loads(path.read_text(encoding="utf-8"))["version"]
    return ""


def versions(chosen):
    out = {}
    for server in chosen:
        if server.name in VERSION_OF:
            out[server.name] = package_version(VERSION_OF[server.name])
        elif server.name in NPM_OF:
            out[server.name] = npm_version(NPM_OF[server.name])
    return out
