"""Starts each function as Lambda does and says what that costs: an emulated Runtime API answers the first poll.

For each function: the CPU time and the wall time from the start of the process to its first `GET /next`, and the most
memory that was resident by then (VmHWM: `ru_maxrss` would count this process). Also how large the binary is, and its
zip. Settings are given as the template gives them, with names of nothing: no call leaves the machine.

Use: start.py FOLDER [--times N] [--under "COMMAND" | --sizes]. FOLDER holds a binary of each function under the name of its
folder (`target/release`), or folders named as the functions in the template (`.aws-sam/build`). COMMAND runs them where
this machine cannot, as an emulator of another processor does; CPU and memory are then the emulator's, and only say that
the function starts; with --sizes nothing is run. Prints a table in Markdown, and fails where a function is over what it may cost: 25 ms of CPU, 32 MB
resident, 6 MB of zip.
"""

import argparse
import io
import os
import pathlib
import shlex
import socket
import statistics
import subprocess
import threading
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Why 6: a zip of 5.7 MB starts as fast as one of 4.7 (BENCHMARKS.md); what counts is the CPU to the first poll.
MOST_CPU_MS, MOST_RESIDENT_MB, MOST_ZIP_MB = 25, 32, 6
QUEUES = ["TAKE_SNAPSHOT", "DIFF_SNAPSHOTS", "PREVIEW_RESTORE", "RUN_RESTORE", "SEND_DIGESTS", "EXPORT_DATA"]
SETTINGS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_SESSION_TOKEN": "c",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_LOG_GROUP_NAME": "none",
    "AWS_LAMBDA_LOG_STREAM_NAME": "none",
    "HOLDFAST_TABLE": "table",
    "HOLDFAST_BUCKET": "bucket",
    "HOLDFAST_KMS_KEY": "key",
    "HOLDFAST_SIGNING_KEY": "signing",
    "HOLDFAST_SENDER": "alerts@holdfast.example",
    "HOLDFAST_SECRET_PREFIX": "holdfast",
    "HOLDFAST_PUBLIC_URL": "https://api.holdfast.example",
    "HOLDFAST_READER_CLIENT_ID": "5e000000-0000-4000-8000-000000000001",
    "HOLDFAST_GRAPH_URL": "https://graph.microsoft.com",
    "HOLDFAST_LOGIN_URL": "https://login.microsoftonline.com",
    "HOLDFAST_CONSENT_SIGN_IN": "required",
    "HOLDFAST_ANCHORS_BUCKET": "anchors",
    "HOLDFAST_EXPORTS_BUCKET": "exports",
    "HOLDFAST_VAULT_LOCK_DAYS": "7",
    "HOLDFAST_VAULT_LOCK_MODE": "GOVERNANCE",
    "HOLDFAST_OIDC_ISSUER": "https://login.holdfast.example",
    "HOLDFAST_OIDC_AUDIENCE": "holdfast",
    "HOLDFAST_FORWARDED_KEY": "0123456789abcdef0123456789abcdef",
    **{f"HOLDFAST_QUEUE_{queue}": f"https://sqs.us-east-1.amazonaws.com/1/{queue}" for queue in QUEUES},
}


def cpu_ms(pid):
    """CPU of all threads, from the scheduler's own nanoseconds; `stat` would count in hundredths of a second."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the kernel does not say VmHWM")


def binary_of(folder, name):
    logical = "".join(part.capitalize() for part in name.split("-")) + "Function"
    built = folder / logical / "bootstrap"
    return built if built.exists() else folder / name


def started(command, name):
    """CPU in ms and resident MB at the first poll."""
    polled, answer = threading.Event(), {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        def listen():
            while not polled.is_set():
                connection, _ = server.accept()
                head = connection.recv(4096).decode(errors="replace")
                answer.setdefault("first", head.splitlines()[0] if head else "nothing")
                if "/invocation/next" in head:
                    polled.set()
                answer.setdefault("kept", []).append(connection)

        threading.Thread(target=listen, daemon=True).start()
        port = server.getsockname()[1]
        environment = {**SETTINGS, "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            if not polled.wait(30):
                process.kill()
                raise SystemExit(f"{name} does not poll: {answer.get('first')}\n{process.stdout.read().decode()}")
            return cpu_ms(process.pid), resident_mb(process.pid)
        finally:
            process.kill()
            process.wait()


def zip_bytes(binary):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(binary, "bootstrap")
    return len(out.getvalue())


def main(folder, times, under, sizes):
    names = sorted(f.name for f in (ROOT / "functions").iterdir() if f.is_dir() and f.name != "shared")
    measured = "" if under or sizes else " CPU to the first poll, median | resident |"
    print(f"| function | binary | zip |{measured}")
    print("| --- | --- | --- |" + (" --- | --- |" if measured else ""))
    over = []
    for name in names:
        binary = binary_of(folder, name)
        seen = [(0, 0)] if sizes else [started([*under, binary], name) for _ in range(times)]
        cpu, resident = statistics.median(s[0] for s in seen), max(s[1] for s in seen)
        size, packed = binary.stat().st_size / 1e6, zip_bytes(binary) / 1e6
        measured = "" if under or sizes else f" {cpu:.1f} ms | {resident:.1f} MB |"
        print(f"| {name} | {size:.1f} MB | {packed:.2f} MB |{measured}")
        is_slow = not under and (cpu > MOST_CPU_MS or resident > MOST_RESIDENT_MB)
        if is_slow or packed > MOST_ZIP_MB:
            over.append(name)
    if over:
        raise SystemExit(f"over what they may cost: {', '.join(over)}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--times", type=int, default=20)
    arguments.add_argument("--under", type=shlex.split, default=[])
    arguments.add_argument("--sizes", action="store_true")
    main(**vars(arguments.parse_args()))
