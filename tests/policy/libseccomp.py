"""Lets libseccomp make programs of profiles, as runc and crun do.

A line of input is a profile in OCI's JSON. A line of output is its program as hexadecimal digits, `refused` if libseccomp
takes one of its rules not, or `hangs`. The first line of output is libseccomp's version. Exits with 3 without libseccomp.
"""
import ctypes
import json
import os
import sys
import tempfile

ACTIONS = {"SCMP_ACT_KILL_PROCESS": 0x80000000, "SCMP_ACT_KILL": 0, "SCMP_ACT_TRAP": 0x30000, "SCMP_ACT_ERRNO": 0x50000,
           "SCMP_ACT_TRACE": 0x7FF00000, "SCMP_ACT_LOG": 0x7FFC0000, "SCMP_ACT_ALLOW": 0x7FFF0000}
WITH_DATA = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")
OPERATORS = {"NE": 1, "LT": 2, "LE": 3, "EQ": 4, "GE": 5, "GT": 6, "MASKED_EQ": 7}
ARCHITECTURES = {"SCMP_ARCH_X86_64": 0xC000003E, "SCMP_ARCH_X86": 0x40000003, "SCMP_ARCH_X32": 0x4000003E}
SECONDS = 20


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint)]


try:
    lib = ctypes.CDLL("libseccomp.so.2")
except OSError:
    sys.exit(3)
lib.seccomp_version.restype = ctypes.POINTER(Version)
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_init.argtypes = [ctypes.c_uint32]
lib.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                       ctypes.POINTER(Comparison)]
lib.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
lib.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]


def action(item, key, number):
    word = item[key]
    return ACTIONS[word] | (item.get(number, 1) if word in WITH_DATA else 0)


def program(profile):
    """The program's bytes, or None if a rule is refused."""
    default = action(profile, "defaultAction", "defaultErrnoRet")
    context = lib.seccomp_init(default)
    for word in profile["architectures"]:
        # The machine's own is there already.
        lib.seccomp_arch_add(context, ARCHITECTURES[word])
    for rule in profile["syscalls"]:
        answer = action(rule, "action", "errnoRet")
        if answer == default:
            continue
        comparisons = [Comparison(arg["index"], OPERATORS[arg["op"].removeprefix("SCMP_CMP_")], arg["value"],
                                  arg.get("valueTwo", 0)) for arg in rule.get("args", [])]
        indexes = [comparison.arg for comparison in comparisons]
        lists = [comparisons] if len(set(indexes)) == len(indexes) else [[one] for one in comparisons]
        for name in rule["names"]:
            number = lib.seccomp_syscall_resolve_name(name.encode())
            if number == -1:
                continue
            for some in lists:
                if lib.seccomp_rule_add_array(context, answer, number, len(some), (Comparison * len(some))(*some)):
                    return None
    with tempfile.TemporaryFile() as file:
        if lib.seccomp_export_bpf(context, file.fileno()):
            return None
        file.seek(0)
        return file.read()


def apart(profile):
    """In a process of its own: libseccomp goes round for ever with some rules."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        import signal
        signal.alarm(SECONDS)
        made = program(profile)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(b"refused" if made is None else made.hex().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said or "hangs"


version = lib.seccomp_version().contents
print(f"{version.major}.{version.minor}.{version.micro}", flush=True)
for line in sys.stdin:
    print(apart(json.loads(line)), flush=True)
