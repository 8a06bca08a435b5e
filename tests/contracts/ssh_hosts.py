"""Machines with nothing but Linux, Python and an SSH server, made of namespaces: each has a network address, processes,
a hostname, a /tmp and home directories of its own, one login without root's rights, and one directory that all share.

`ray stop`, `ray up` and `ray down` look for processes by name and write below /tmp and the home directory: here they
meet nobody else's. A host ends, with all that runs on it and all that is mounted in it, when its first process does.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["LOGIN", "SHARED", "Host", "cannot_make_hosts", "lend_packages", "ssh_hosts"]

LOGIN = "tuneyard"
HOME = f"/home/{LOGIN}"
SHARED = "/srv"  # the same directory on every host, as NFS would make it
UID = 7001
PATIENCE = 120.0  # seconds for a command that does no work of Ray's, on a busy machine
TOOLS = (
    "unshare",
    "nsenter",
    "setpriv",
    "ip",
    "ss",
    "ps",
    "mount",
    "hostname",
    "sshd",
    "ssh",
    "ssh-keygen",
    "rsync",
)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Host:
    """`address` in the hosts' own network. `pid`, `shared`: the host's first process and SHARED, seen from outside."""

    name: str
    address: str
    pid: int
    shared: Path

    def run(
        self, command: str, *, as_root: bool = False, patience: float = PATIENCE, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """`command` in a login shell of the user; stdout and stderr come back together."""
        done = subprocess.run(
            [*self.enter(as_root), "bash", "--login", "-c", f"cd; {command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=patience,
        )
        assert not check or done.returncode == 0, f"{self.name}$ {command}\n{done.stdout}"
        return done

    def enter(self, as_root: bool = False) -> list[str]:
        """What to put before a command, so that it runs on this host with the environment of a fresh login."""
        user = [] if as_root else ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
        home = "/root" if as_root else HOME
        environment = [
            f"HOME={home}",
            f"USER={LOGIN}",
            f"LOGNAME={LOGIN}",
            "TERM=dumb",
            f"PATH={_PATH}",
            _PATIENT_RAY,
        ]
        return [
            *("nsenter", f"--target={self.pid}", "--mount", "--uts", "--net", "--pid"),
            *user,
            *("env", "-i", *environment),
        ]

    def processes(self) -> list[str]:
        """The command lines of the user's processes: what was started here and is still there."""
        listed = self.run(f"ps -u {LOGIN} -o stat=,args=", as_root=True, check=False).stdout.splitlines()
        return [line.split(maxsplit=1)[1] for line in listed if not line.startswith("Z")]

    def listeners(self) -> list[str]:
        """Address:port of every TCP listener but the SSH server's."""
        listed = self.run("ss --tcp --listening --numeric --no-header", as_root=True).stdout.splitlines()
        return [local for line in listed if not (local := line.split()[3]).endswith(":22")]


def lend_packages(host: Host, *, project: bool = False) -> None:
    """Make ~/tuneyard/.venv, in which `pip install` finds everything but this project installed, and needs no network.

    `project`: it also has this project, as a checkout in ~/tuneyard from which one works.
    """
    paths = [*(["$HOME/tuneyard"] if project else []), sysconfig.get_paths()["purelib"]]
    modules = {"ray": "ray.scripts.scripts", **({"tuneyard": "tuneyard.__main__"} if project else {})}
    scripts = "\n".join(
        f"printf '#!%s\\nimport sys\\nfrom {module} import main\\nsys.exit(main())\\n' $venv/bin/python > $venv/bin/{name}"
        for name, module in modules.items()
    )
    host.run(
        f"""venv=$HOME/tuneyard/.venv
        python3.11 -m venv --without-pip $venv
        printf '%s\n' {" ".join(paths)} > $venv/lib/python3.11/site-packages/lent.pth
        {scripts}
        chmod +x $venv/bin/*
        mkdir -p .config/pip
        printf '[global]\nno-index = true\nno-build-isolation = no\n' > .config/pip/pip.conf"""
    )
    if project:
        config = Path(ROOT, "cluster.yaml").read_text()
        mounted = re.findall(r"^  ~/tuneyard/\S+: (\S+)$", config, re.MULTILINE)
        files = shlex.join([*mounted, "cluster.yaml", "examples"])
        host.run(f"cd {shlex.quote(str(ROOT))} && rsync -a --exclude __pycache__ {files} ~/tuneyard/")


def cannot_make_hosts() -> str | None:
    """Why hosts cannot be made on this machine; None where they can."""
    if missing := [tool for tool in TOOLS if shutil.which(tool, path=_PATH) is None]:
        return f"needs {', '.join(missing)} to make hosts of namespaces"
    tried = subprocess.run(
        ["unshare", "--mount", "--uts", "--net", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
    )
    if tried.returncode != 0:
        return f"this machine lets nobody make hosts of namespaces: {tried.stderr.strip()}"
    return None


@contextlib.contextmanager
def ssh_hosts(addresses: Mapping[str, str]) -> Iterator[dict[str, Host]]:
    """Hosts of these names, joined by a network of their own; all of it is gone afterwards.

    The login of each may log in to each by ~/.ssh/id_ed25519, and finds a Python of this version.
    """
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ty-hosts-")))
        _write_common_files(base, addresses)
        switch = stack.enter_context(_first_process(["unshare", "--net"], "ip link set lo up", base))
        _enter_net(switch, "ip link add name switch type bridge", "ip link set switch up")
        hosts = {}
        for number, (name, address) in enumerate(addresses.items()):
            namespaces = ["unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--kill-child=SIGKILL"]
            setup = _SETUP.format(base=shlex.quote(str(base)), name=name, home=HOME, uid=UID, shared=SHARED)
            unshared = stack.enter_context(_first_process(namespaces, setup, base, end="exec $SSHD"))
            (first,) = psutil.Process(unshared).children()
            pid = first.pid
            _enter_net(
                switch,
                f"ip link add port{number} type veth peer name eth0 netns {pid}",
                f"ip link set port{number} master switch up",
            )
            _enter_net(
                pid,
                f"ip address add {address}/24 dev eth0",
                "ip link set eth0 up",
                "ip route add default dev eth0",  # Ray finds its own address by the way out
            )
            hosts[name] = Host(name, address, pid, base / "shared")
        yield hosts


_PATIENT_RAY = (
    "RAY_raylet_start_wait_time_s=180"  # a node that comes up slowly on a busy machine is no failure
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Run by the first process of a host, in its new namespaces. What the tests need of places that get covered (this tree,
# the Python that runs it) is put back where it was.
_SETUP = """
base={base}
hostname {name}
mount -t tmpfs tmpfs /mnt
mkdir /mnt/base
mount --bind $base /mnt/base
number=0
while read -r place; do
    number=$((number + 1)); mkdir /mnt/$number; mount --bind "$place" /mnt/$number
done < $base/kept
for place in /tmp /home /root /run /dev/shm; do mount -t tmpfs tmpfs $place; done
chmod 1777 /tmp /dev/shm; chmod 755 /home /root /run
number=0
while read -r place; do
    number=$((number + 1)); mkdir -p "$place"; mount --bind /mnt/$number "$place"
done < /mnt/base/kept
mount -t proc proc /proc
mount --bind /mnt/base/shared {shared}
for name in passwd group hosts resolv.conf; do mount --bind /mnt/base/$name /etc/$name; done
cp -r /etc/skel {home}
cp -r /mnt/base/ssh {home}/.ssh
mkdir -p {home}/.local/bin
ln -s $(cat /mnt/base/python) {home}/.local/bin/python3.11
chown -R {uid}:{uid} {home}
chmod 700 {home}/.ssh; chmod 600 {home}/.ssh/*
mkdir -p /run/sshd
cp /mnt/base/host_key /run/sshd/key; chmod 600 /run/sshd/key
ip link set lo up
SSHD="$(command -v sshd) -D -e -f /mnt/base/sshd_config"
"""


def _write_common_files(base: Path, addresses: Mapping[str, str]) -> None:
    base.chmod(0o755)
    shared = base / "shared"
    shared.mkdir()
    os.chown(shared, UID, UID)
    kept = {str(ROOT), sys.prefix, sys.base_prefix}
    (base / "kept").write_text("".join(f"{place}\n" for place in sorted(kept, key=len)))
    version = f"python{sysconfig.get_python_version()}"
    (base / "python").write_text(str(Path(sys.base_prefix, "bin", version)))
    people = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    (base / "passwd").write_text(f"{people[0]}{LOGIN}:*:{UID}:{UID}::{HOME}:/bin/bash\n")
    (base / "group").write_text(f"{people[1]}{LOGIN}:x:{UID}:\n")
    names = "".join(f"{address} {name}\n" for name, address in addresses.items())
    (base / "hosts").write_text(f"127.0.0.1 localhost\n{names}")
    (base / "resolv.conf").write_text("")  # no name server: a name that is not in hosts is unknown at once
    (base / "sshd_config").write_text(
        "HostKey /run/sshd/key\nPidFile none\nUsePAM no\nPasswordAuthentication no\nUseDNS no\nPrintMotd no\n"
        f"Subsystem sftp internal-sftp\nMaxStartups 100\nSetEnv {_PATIENT_RAY}\n"
    )
    ssh = base / "ssh"
    ssh.mkdir()
    for key in (base / "host_key", ssh / "id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = (ssh / "id_ed25519.pub").read_text()
    (ssh / "authorized_keys").write_text(public)
    known = (base / "host_key.pub").read_text()
    (ssh / "known_hosts").write_text(
        "".join(f"{host} {known}" for pair in addresses.items() for host in pair)
    )


@contextlib.contextmanager
def _first_process(
    namespaces: list[str], setup: str, base: Path, end: str = "exec sleep infinity"
) -> Iterator[int]:
    """The process that holds the namespaces, once `setup` has been done in them. It ends with this test process."""
    log = base / "log"
    ready, told = os.pipe()
    script = f"set -e\n{setup}\necho >&{told}\nexec {told}>&-\n{end}\n"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *namespaces, "bash", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(told,),
            env={"PATH": _PATH},
        )
    try:
        os.close(told)
        with os.fdopen(ready, "rb") as pipe:
            assert pipe.readline(), f"no host came up: {log.read_text()}"
        yield process.pid
    finally:
        children = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        psutil.wait_procs(children, timeout=PATIENCE)


def _enter_net(pid: int, *commands: str) -> None:
    for command in commands:
        subprocess.run(
            ["nsenter", f"--target={pid}", "--net", *command.split()], check=True, timeout=PATIENCE
        )
